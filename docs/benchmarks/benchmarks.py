#!/usr/bin/env python3
"""Measures, and makes tables and charts of what was measured.

    docs/benchmarks/benchmarks.py measure    runs the comparisons of interop/, writes data/, then renders
    docs/benchmarks/benchmarks.py growth     large bodies, idle connections and load, then renders
    docs/benchmarks/benchmarks.py render     writes the charts, and the tables of docs/benchmarks.md and
                                             README.md between their markers

Only the standard library. A ratio is the median of the ratios within each round.
"""

import json
import os
import pathlib
import platform
import re
import resource
import statistics
import subprocess
import sys
import textwrap
import tomllib

import charts

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
INTEROP = ROOT / "interop"
OURS, TYPED, ONLY = "clerk-webhooks", "clerk-webhooks, typed", "clerk-webhooks, verify only"
BARE, SVIX, IN_FRONT = "axum, Bytes", "svix + Value", "clerk-webhooks, in front of the Router"
JS, JS_OURS = "Clerk's verifyWebhook (JS)", "clerk-webhooks, verify + typed"
EMPTY_LAYER = "axum, Bytes, behind a layer that does nothing"
VERIFIERS = ["sha2 alone", "hmac + sha2", OURS, "webhook-verify", "standardwebhooks", "svix"]
PACKAGES = ["axum", "axum-standardwebhooks", "hmac", "hmac-sha256", "serde_json", "sha2",
            "standardwebhooks", "svix", "webhook-verify"]


def main():
    match sys.argv[1:]:
        case ["measure"]:
            measure()
            render()
        case ["growth"]:
            measure_growth()
            render()
        case ["render"]:
            render()
        case _:
            sys.exit(__doc__)


def measure():
    one_core = ["taskset", "-c", "0"] if os.path.exists("/usr/bin/taskset") else []
    run("npm", "install", "--package-lock=false", "--prefix", "benches/js")
    for bench, wrapper in ("side_by_side", []), ("allocations", []), ("clerk_js", one_core):
        run(*wrapper, "cargo", "bench", "--locked", "--bench", bench)
    (HERE / "data" / "machine.json").write_text(json.dumps(machine(), indent=1) + "\n")


def measure_growth():
    """9,000 connections need that many open files, at each end."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    run("cargo", "bench", "--locked", "--bench", "growth")


def run(*command):
    subprocess.run(command, check=True, cwd=INTEROP)


def machine():
    """What the numbers depend on."""
    try:
        cpu = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        cpu = ""
    model = re.search(r"model name\s*: (.*)", cpu)
    words = lambda *command: subprocess.run(command, capture_output=True, text=True).stdout.strip()
    clerk = INTEROP / "benches/js/node_modules/@clerk/backend/package.json"
    lock = tomllib.loads((INTEROP / "Cargo.lock").read_text())
    versions = {}
    for package in lock["package"]:
        if package["name"] in PACKAGES:
            versions.setdefault(package["name"], []).append(package["version"])
    return {
        "cpu": model[1] if model else platform.processor(),
        "cores": os.cpu_count(),
        "sha_extensions": "sha_ni" in cpu or "sha2" in cpu,
        "system": f"{platform.system()} {platform.machine()}",
        "rustc": words("rustc", "--version"),
        "node": words("node", "--version"),
        "@clerk/backend": json.loads(clerk.read_text())["version"],
        "crates": {name: ", ".join(found) for name, found in sorted(versions.items())},
    }


def rows_of(name):
    """Empty before the first run."""
    path = HERE / "data" / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else []


class Data:
    """The measured series, by measure, payload and contender."""

    def __init__(self):
        self.series, self.order, self.bytes = {}, {}, {}
        for name in "verify", "decode", "request", "forgery", "http", "clerk_js":
            for row in rows_of(name):
                measure, payload = row["measure"], row["payload"]
                self.series[measure, payload, row["contender"]] = row["rounds"]
                self.bytes[measure, payload] = row["bytes"]
                self.order.setdefault(measure, {}).setdefault(payload, []).append(row["contender"])
        self.counts = {
            (row["measure"], row["payload"], row["contender"]): row
            for row in rows_of("allocations")
        }

        self.growth = {name: rows_of(name) for name in ("bodies", "idle", "load")}

    def median(self, measure, payload, contender):
        return statistics.median(self.series[measure, payload, contender])

    def ratio(self, measure, payload, contender, to):
        pairs = zip(self.series[measure, payload, contender], self.series[measure, payload, to])
        return statistics.median(one / other for one, other in pairs)

    def allocations(self, measure, payload, contender):
        return self.counts[measure, payload, contender]["allocations"]


def render():
    data = Data()
    info = json.loads((HERE / "data" / "machine.json").read_text())
    (HERE / "request.svg").write_text(charts.bars(
        "The whole request through an axum Router, in microseconds of CPU time",
        [(f"{payload}, {size(data.bytes['request', payload])}",
          [(name, data.median("request", payload, name) / 1000, name.startswith(OURS))
           for name in sorted(data.order["request"][payload],
                              key=lambda name: data.median("request", payload, name))])
         for payload in ("user.created", "email.created")]))
    sizes = [payload for payload in data.order["verify"] if payload.endswith("iB")]
    floor = VERIFIERS[0]
    (HERE / "verify.svg").write_text(charts.lines(
        "Verification over body size, in times of hashing the body alone (SHA-256)", sizes,
        [(name, [data.ratio("verify", payload, name, floor) for payload in sizes], name == OURS)
         for name in VERIFIERS]))
    tables = {
        "machine": machine_table(info),
        "goals": goals(data),
        "verify": times(data, "verify", OURS),
        "decode": times(data, "decode", "ClerkEvent"),
        "instructions": instructions(),
        "parts": parts(data),
        "request": times(data, "request", TYPED),
        "forgery": times(data, "forgery", IN_FRONT),
        "clerk_js": times(data, "clerk_js", JS_OURS),
        "http": http(data),
        "allocations": allocations(data),
        "frames": frames(data),
        "bodies": bodies(data),
        "idle": idle(data),
        "load": load(data),
        "short": short(data),
        "summary": summary(data),
    }
    for document in (ROOT / "docs/benchmarks.md", ROOT / "README.md"):
        fill(document, tables)


def fill(document, tables):
    """Puts the tables between `<!-- measured: NAME -->` and `<!-- end -->`; what was not measured stays."""
    put = lambda found: f"{found[1]}\n{tables[found[2]]}\n<!-- end -->" if tables[found[2]] else found[0]
    marked = r"(<!-- measured: (\w+) -->)\n.*?<!-- end -->"
    document.write_text(re.sub(marked, put, document.read_text(), flags=re.S))


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    cell = lambda value: str(value).replace("<", "&lt;")
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def machine_table(info):
    rows = [
        ["processor", f"{info['cpu']}, {info['cores']} virtual cores"],
        ["SHA extensions", "yes" if info["sha_extensions"] else "no"],
        ["system", info["system"]],
        ["Rust", info["rustc"]],
        ["node, @clerk/backend", f"{info['node']}, {info['@clerk/backend']}"],
        *([name, version] for name, version in info["crates"].items()),
    ]
    return table(["what", "which"], rows)


def times(data, measure, ours):
    """Medians, and how many times as long as ours the others take."""
    payloads = data.order[measure]
    contenders = list(dict.fromkeys(name for names in payloads.values() for name in names))
    head = [""] + [label(data, measure, payload) for payload in payloads]
    cell = lambda payload, name: (
        f"{duration(data.median(measure, payload, name))} ({number(data.ratio(measure, payload, name, ours))})")
    return table(head, [[bold(name)] + [cell(payload, name) for payload in payloads] for name in contenders])


def label(data, measure, payload):
    bytes_ = size(data.bytes[measure, payload])
    return payload if measure == "forgery" or payload == bytes_ else f"{payload}, {bytes_}"


def instructions():
    """Two events a line: before and after objects were read in place."""
    cells = [[row["event"], f"{row['before']:,}", f"{row['after']:,}", f"{row['after'] / row['before']:.2f}"]
             for row in rows_of("instructions")]
    half = len(cells) // 2
    return table(["event", "before", "after", "ratio"] * 2, map(list.__add__, cells[:half], cells[half:]))


def parts(data):
    """Where the time of a typed request goes: each part was measured by itself, the last one is the rest."""
    def of(payload):
        of_ = lambda measure, name: data.median(measure, payload, name)
        mac, bare, whole = of_("verify", "hmac + sha2"), of_("request", BARE), of_("request", TYPED)
        verify, decode = of_("verify", OURS), of_("decode", "ClerkEvent")
        return [bare, mac, verify - mac, decode, whole - bare - verify - decode], whole
    columns = [of(payload) for payload in ("user.created", "email.created")]
    names = ["axum, for a bare handler", "HMAC", "the rest of the verification", "decoding",
             "the layer with axum's part in it, and the extractor"]
    return table(["part of a typed request", "user.created", "email.created"], [
        [name, *(f"{duration(times_[row])}, {times_[row] / whole:.0%}" for times_, whole in columns)]
        for row, name in enumerate(names)])


def http(data):
    names = data.order["http"]["user.created"]
    row = lambda name: [bold(name)] + [
        f"{data.median(measure, 'user.created', name):,.0f} ({data.ratio(measure, 'user.created', name, BARE):.2f})"
        for measure in ("http", "http_cpu")]
    return table(["", "requests/s by the clock", "requests per second of the server's CPU time"], map(row, names))


def allocations(data):
    keys = list(dict.fromkeys((m, c) for m, _, c in data.counts if m != "frames"))
    count = lambda *key: f"{data.allocations(*key)} ({size(data.counts[key]['peak_bytes'])})"
    rows = [[measure, bold(name), *(count(measure, payload, name) for payload in ("user.created", "email.created"))]
            for measure, name in keys]
    return table(["", "", "user.created", "email.created"], rows)


def frames(data):
    payloads = list(dict.fromkeys(p for m, p, _ in data.counts if m == "frames"))
    peak = lambda payload, name: f"{data.counts['frames', payload, name]['peak_bytes'] / 2**20:.2f}"
    return table(["body", BARE, bold(ONLY)], [
        [f"{payload} bytes", peak(payload, BARE), peak(payload, ONLY)] for payload in payloads])


def bodies(data):
    rows = data.growth["bodies"]
    contenders = list(dict.fromkeys(row["contender"] for row in rows))
    cell = lambda row: f"{number(statistics.median(row['milliseconds']))} ms, {statistics.median(row['peak_mib']):.1f} MiB"
    by_shape = {}
    for row in rows:
        if row["size"] != "256 KiB":  # between the others, in every column
            by_shape.setdefault((row["size"], row["shape"]), {})[row["contender"]] = cell(row)
    return rows and table(["body", "sent as", *map(bold, contenders)], [
        [*key, *(cells[name] for name in contenders)] for key, cells in by_shape.items()])


def idle(data):
    rows = data.growth["idle"]
    resident = lambda row: size(row["resident_bytes"]) if row["resident_bytes"] else "-"
    return rows and table(["", "connections", "allocated for each", "resident for each"], [
        [bold(row["contender"]), f"{row['connections']:,}", size(row["bytes"]), resident(row)] for row in rows])


def load(data):
    rows = data.growth["load"]
    keeps_up = lambda row: row["answered"] >= .98 * row["due"]
    return rows and table(["load", "", "due/s", "answered/s", "p50", "p99", "p99.9"], [
        [row["load"], bold(row["contender"]), f"{row['due']:,.0f}",
         f"{row['answered']:,.0f}" + ("" if keeps_up(row) else ": falls behind"),
         *(duration(row[share] * 1000) for share in ("p50", "p99", "p999"))] for row in rows])


def body_of_2_mb(data, contender):
    """CPU time in milliseconds and peak memory in MiB, with a declared length; nothing if not measured."""
    return next(([statistics.median(row["milliseconds"]), statistics.median(row["peak_mib"])]
                 for row in data.growth["bodies"]
                 if (row["size"], row["shape"], row["contender"]) == ("2 MB", "declared", contender)), [])


def short(data):
    user = "user.created"
    rows = [
        ("verify the signature", "verify", OURS, "svix"),
        ("decode the event", "decode", "ClerkEvent", "serde_json::Value"),
        ("the whole request: router, verification, typed event", "request", TYPED, SVIX),
        ("verify and decode, beside Clerk's helper for JavaScript", "clerk_js", JS_OURS, JS),
    ]
    lines = [[what, f"**{duration(data.median(measure, user, ours))}**",
              f"{other}: {duration(data.median(measure, user, other))}",
              f"{data.ratio(measure, user, other, ours):.1f} times faster"] for what, measure, ours, other in rows]
    rate = lambda name: f"{data.median('http_cpu', user, name):,.0f}"
    lines.append(["requests per second of one core, over HTTP", f"**{rate(TYPED)}**", f"{SVIX}: {rate(SVIX)}",
                  f"{data.ratio('http_cpu', user, TYPED, SVIX):.1f} times as many"])
    return table(["", OURS, "instead", ""], lines)


def goals(data):
    """The measures of the goals, and whether each is reached."""
    user, email = "user.created", "email.created"
    only = data.allocations("request", user, ONLY)
    empty_layer = data.allocations("request", user, EMPTY_LAYER)
    peak = max(data.counts[key]["peak_bytes"] for key in data.counts if key[0] == "frames" and key[2] == ONLY)
    fronts = [data.median("forgery", forgery, IN_FRONT) for forgery in data.order["forgery"]]
    checks = [data.median("forgery", forgery, "check_headers") for forgery in data.order["forgery"]]
    ratio = data.ratio
    both = lambda measure, one, other: [ratio(measure, payload, one, other) for payload in (user, email)]
    rows = [
        ("verify over pre-keyed hmac + sha2: user.created / email.created", "<= 1.17 / 1.04",
         both("verify", OURS, "hmac + sha2"), lambda v: v[0] <= 1.17 and v[1] <= 1.04),
        ("verify, times faster than svix: user.created", ">= 5.2",
         [ratio("verify", user, "svix", OURS)], lambda v: v[0] >= 5.2),
        ("verify, allocations", "<= 1", [data.allocations("verify", user, OURS)], lambda v: v[0] <= 1),
        ("typed decode, time of `Value`: user.created / email.created", "<= 0.19 / 0.50",
         both("decode", "ClerkEvent", "serde_json::Value"), lambda v: v[0] <= .19 and v[1] <= .50),
        ("whole request, times faster than svix + `Value`: user.created / email.created", ">= 4.2 / 3.5",
         both("request", SVIX, TYPED), lambda v: v[0] >= 4.2 and v[1] >= 3.5),
        ("times faster than Clerk's JS `verifyWebhook`, verify + typed: user.created / email.created", ">= 20 / 14",
         both("clerk_js", JS, JS_OURS), lambda v: v[0] >= 20 and v[1] >= 14),
        ("2 MB with a declared length: CPU in ms / peak memory of 16 at once in MiB", "<= 2.2 / 33",
         body_of_2_mb(data, ONLY), lambda v: v[0] <= 2.2 and v[1] <= 33),
        ("allocations of a request, verify only, beyond an empty layer's", "<= 6", [only - empty_layer],
         lambda v: v[0] <= 6),
        ("header-level forgery with a 1 MiB body, ns, worst: verdict alone / with the response", "<= 350, none read",
         [max(checks), max(fronts)], lambda v: v[0] <= 350),
        ("memory for a 1 MiB body in frames down to a byte, times the body", "<= 2.1", [peak / 2**20],
         lambda v: v[0] <= 2.1),
    ]
    verdict = lambda reached, values: "yes" if reached(values) else "no"
    return table(["measure", "goal", "measured", "reached"], [
        [name, goal, " / ".join(number(value) for value in values), verdict(reached, values)]
        for name, goal, values, reached in rows if values])


def summary(data):
    """The sentence of the README."""
    user = "user.created"
    times_ = lambda measure, other, ours: f"{data.ratio(measure, user, other, ours):.1f}"
    return textwrap.fill(
        f"A `user.created` of {size(data.bytes['request', user])} takes"
        f" {duration(data.median('request', user, TYPED))} through router, layer and typed extractor:"
        f" {times_('request', SVIX, TYPED)} times faster than a handler with `svix` and `serde_json::Value`,"
        f" {times_('request', 'axum-standardwebhooks + Value', TYPED)} times faster than `axum-standardwebhooks`,"
        f" {times_('request', 'webhook-verify + Value', TYPED)} times faster than `webhook-verify`'s layer."
        f" Clerk's JS helper needs {times_('clerk_js', JS, JS_OURS)}"
        " times as long to verify and parse.", width=108)


def bold(name):
    return f"**{name}**" if name.startswith((OURS, "ClerkEvent", "check_headers")) else name


def number(value):
    return str(value) if isinstance(value, int) else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def duration(nanoseconds):
    for unit, length in ("s", 1e9), ("ms", 1e6), ("µs", 1e3):
        if nanoseconds >= length:
            return f"{nanoseconds / length:.3g} {unit}"
    return f"{nanoseconds:.0f} ns"


def size(bytes_):
    for unit, length in ("MiB", 2**20), ("KiB", 2**10):
        if bytes_ >= length:
            return f"{bytes_ / length:.3g} {unit}"
    return f"{bytes_} B"


main()
