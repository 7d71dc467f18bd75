#!/usr/bin/env python3
"""Writes the conformance vectors beside this file; with --check, fails where they differ from it.

Standard library only, and nothing of the crate: the signatures are a second opinion.
README.md describes the format.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import unicodedata

FOLDER = pathlib.Path(__file__).parent

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
STRANGER = "whsec_4j7OxQ4wlv1GmkZ9qLjoFjEFXjpzvHkr"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
NOW = 1614265330
BODY = b'{"test": 2432232314}'
I64_MAX = 2**63 - 1
U64_MAX = 2**64 - 1


def key_of(secret):
    encoded = secret.strip().removeprefix("whsec_").rstrip("=")
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


def to_bytes(text):
    return text if isinstance(text, bytes) else str(text).encode()


def b64(data):
    return base64.b64encode(data).decode()


def mac(signed_text, key=key_of(SECRET), digest="sha256"):
    return hmac.new(key, signed_text, digest).digest()


def signed_text(id, timestamp, body):
    return b".".join([to_bytes(id), to_bytes(timestamp), to_bytes(body)])


def sign(id=ID, timestamp=NOW, body=BODY, secret=SECRET):
    """The base64 of the signature, without `v1,`."""
    return b64(mac(signed_text(id, timestamp, body), key_of(secret)))


GOOD = sign()
WRONG = sign(body=b"another body")
WRONG_ENTRY = f"v1,{WRONG}"
GOOD_ENTRY = f"v1,{GOOD}"


def headers(id=ID, timestamp=NOW, signature=None, family="svix", body=BODY, secret=SECRET):
    """The three headers; the signature is right unless given."""
    if signature is None:
        signature = "v1," + sign(id, timestamp, body, secret)
    values = {"id": id, "timestamp": timestamp, "signature": signature}
    return [[f"{family}-{part}", value] for part, value in values.items()]


def value_of(value):
    data = to_bytes(value)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": b64(data)}


def header_of(code, sent):
    """The header that a refusal names, of the family that is chosen."""
    names = [name.lower() for name, _ in sent]
    of_family = {family: [f"{family}-{part}" for part in ("id", "timestamp", "signature")]
                 for family in ("svix", "webhook")}
    chosen = next((three for three in of_family.values() if set(three) & set(names)), of_family["svix"])
    return {
        "missing_header": next((name for name in chosen if name not in names), None),
        "duplicate_header": next((name for name in chosen[:2] if names.count(name) > 1), None),
        "malformed_id": chosen[0],
        "malformed_timestamp": chosen[1],
        "malformed_signature": chosen[2],
    }.get(code)


class Vectors:
    """One file of deliveries."""

    def __init__(self, description):
        self.description = description
        self.cases = []

    def add(self, name, sent, verdict, *, body=BODY, secrets=(SECRET,), now=NOW, past=None,
            future=None, http=None):
        """`verdict` is the index of the secret that matches, or the reason code of a refusal."""
        case = {
            "name": name,
            "secrets": list(secrets),
            "headers": [[name, value_of(value)] for name, value in sent],
            "body_base64": b64(to_bytes(body)),
            "now": now,
        }
        if past is not None:
            case["tolerance_past"] = past
        if future is not None:
            case["tolerance_future"] = future
        if isinstance(verdict, int):
            case |= {"verdict": "accept", "matched_secret": verdict}
        else:
            case |= {"verdict": "refuse", "code": verdict}
            if header := header_of(verdict, sent):
                case["header"] = header
            if verdict in ("timestamp_too_old", "timestamp_too_new"):
                timestamp, = (value for name, value in sent if name == "svix-timestamp")
                case["skew_seconds"] = now - timestamp
        if http == "accept":
            case["http"] = {"verdict": "accept", "matched_secret": 0}
        elif http not in (None, "skip"):
            case["http"] = {"verdict": "refuse", "code": http}
        elif http:
            case["http"] = http
        self.cases.append(case)


def families():
    v = Vectors("The headers' names: svix-* as a unit, else webhook-* as a unit, never mixed.")
    v.add("svix", headers(), 0)
    v.add("webhook", headers(family="webhook"), 0)
    v.add("upper-case names", [[n.upper(), x] for n, x in headers()], 0)
    v.add("title-case names", [[n.title(), x] for n, x in headers(family="webhook")], 0)
    v.add("headers in reverse", headers()[::-1], 0)
    v.add("other headers between", [["user-agent", "Svix-Webhooks/1.0"], headers()[0], ["x-svix-id", "x"],
                                    *headers()[1:], ["content-type", "application/json"]], 0)
    decoys = [[f"webhook-{part}", "decoy"] for part in ("id", "timestamp", "signature")]
    v.add("svix beside webhook decoys", decoys + headers(), 0)
    v.add("webhook decoys behind svix", headers() + decoys, 0)
    for decoy in decoys:
        v.add(f"svix beside a {decoy[0]}", [decoy] + headers(), 0)
    v.add("svix beside the same as webhook", headers(family="webhook") + headers(), 0)
    v.add("svix beside duplicate webhook decoys", decoys + decoys + headers(), 0)
    v.add("webhook in upper case, nothing of svix",
          [[n.upper(), x] for n, x in headers(family="webhook")], 0)

    v.add("no headers at all", [], "missing_header")
    for family in ("svix", "webhook"):
        whole = headers(family=family)
        for place, (name, _) in enumerate(whole):
            v.add(f"{name} missing", whole[:place] + whole[place + 1:], "missing_header")
            v.add(f"{name} alone", [whole[place]], "missing_header")
    svix, webhook = headers(), headers(family="webhook")
    for place, part in enumerate(("id", "timestamp", "signature")):
        mixed = webhook[:place] + [svix[place]] + webhook[place + 1:]
        v.add(f"svix-{part}, the others webhook", mixed, "missing_header")
        mixed = svix[:place] + [webhook[place]] + svix[place + 1:]
        v.add(f"webhook-{part}, the others svix", mixed, "missing_header")
        v.add(f"svix-{part} beside all of webhook", [svix[place]] + webhook, "missing_header")
    v.add("svix with a wrong signature beside good webhook",
          headers(signature=WRONG_ENTRY) + webhook, "no_matching_signature")
    v.add("svix with a malformed signature beside good webhook",
          headers(signature="v1,") + webhook, "malformed_signature")
    v.add("stale svix beside fresh webhook", headers(timestamp=NOW - 301) + webhook,
          "timestamp_too_old")
    v.add("svix with an empty id beside good webhook", headers(id="") + webhook, "malformed_id")
    for part, value in {"id": "msg.1", "timestamp": "soon", "signature": "v1,"}.items():
        v.add(f"webhook-{part} malformed", headers(family="webhook", **{part: value}), f"malformed_{part}")
    v.add("an empty svix-signature beside good webhook", [["svix-signature", ""]] + webhook,
          "missing_header")
    v.add("underscores instead of dashes", [[n.replace("-", "_"), x] for n, x in headers()],
          "missing_header")
    v.add("names with a prefix", [[f"x-{n}", x] for n, x in headers()], "missing_header")
    v.add("names of another sender", headers(family="clerk"), "missing_header")
    return v


def ids():
    v = Vectors("The message id: once, 1 to 256 bytes of visible ASCII without spaces and dots.")
    punctuation = "".join(chr(c) for c in range(0x21, 0x7F) if not chr(c).isalnum() and c != 0x2E)
    for name, id in {
        "as Svix makes them": "msg_2Lh9KRb0pzN4LePd3XiA4v12Axj",
        "one letter": "m",
        "first visible byte": "!",
        "last visible byte": "~",
        "digits": "1614265330",
        "all punctuation but the dot": punctuation,
        "a signature entry": GOOD_ENTRY,
        "looks like JSON": '{"id":1}',
        "255 bytes": "m" * 255,
        "256 bytes": "m" * 256,
    }.items():
        v.add(name, headers(id=id), 0)
    shifted = f"{NOW}.x".encode()
    v.add("twin of the id with time: the same signed bytes, split where they may be",
          headers(id="a", body=shifted), 0, body=shifted)

    v.add("empty", headers(id=""), "malformed_id")
    v.add("257 bytes", headers(id="m" * 257), "malformed_id")
    v.add("4096 bytes", headers(id="m" * 4096), "malformed_id")
    v.add("id with time: `a.T` over `x` signs the bytes of `a` over `T.x`",
          headers(id=f"a.{NOW}", signature="v1," + sign("a", NOW, shifted)), "malformed_id", body=b"x")
    for name, id in {"a dot": "msg.1", "a dot alone": ".", "a dot first": ".msg", "a dot last": "msg.",
                     "a space inside": "msg 1", "a tab inside": "msg\t1", "e acute in UTF-8": "msg_é",
                     "a no-break space last": "msg_1\u00a0", "a zero-width space": "msg_\u200b1",
                     "full-width letters": "ｍｓｇ", "an emoji": "🦀",
                     "e acute in Latin-1": b"msg_\xe9", "byte ff": b"\xff",
                     "cut-off UTF-8": b"msg_\xf0\x9f"}.items():
        v.add(name, headers(id=id), "malformed_id")
    for name, id in {"a space alone": " ", "spaces": "   ", "a tab alone": "\t"}.items():
        v.add(name, headers(id=id), "malformed_id")
    for name, id in {"a space first": f" {ID}", "a space last": f"{ID} ",
                     "a tab last": f"{ID}\t"}.items():
        v.add(f"{name}, signed", headers(id=id), "malformed_id", http="no_matching_signature")
        v.add(f"{name}, the id without it signed", headers(id=id, signature=GOOD_ENTRY),
              "malformed_id", http="accept")
    for byte in (0x00, 0x0A, 0x0D, 0x1F, 0x7F):
        v.add(f"byte {byte:02x}", headers(id=f"msg{chr(byte)}1"), "malformed_id", http="skip")
    good = headers()[0]
    v.add("the same twice", [good] + headers(), "duplicate_header")
    v.add("good, then another", [good, ["svix-id", "msg_other"]] + headers()[1:],
          "duplicate_header")
    v.add("another, then good", [["svix-id", "msg_other"]] + headers(), "duplicate_header")
    v.add("good, then an empty one", headers() + [["svix-id", ""]], "duplicate_header")
    v.add("twice, in different case", headers() + [["Svix-Id", ID]], "duplicate_header")
    v.add("three times", [good, good] + headers(), "duplicate_header")
    webhook = headers(family="webhook")
    v.add("webhook-id twice", [webhook[0]] + webhook, "duplicate_header")
    v.add("another id than was signed", headers(id="msg_other", signature=GOOD_ENTRY),
          "no_matching_signature")
    v.add("the id in another case than was signed", headers(id=ID.upper(), signature=GOOD_ENTRY),
          "no_matching_signature")
    v.add("two ids joined by a comma", headers(id=f"{ID},{ID}", signature=GOOD_ENTRY),
          "no_matching_signature")
    return v


def timestamps():
    v = Vectors("The timestamp's form: once, ASCII digits alone, without a leading zero, a number that "
                "a 64-bit clock can hold. The signature is over its own text.")
    v.add("ten digits", headers(), 0)
    v.add("zero", headers(timestamp=0), 0, now=0)
    v.add("one digit", headers(timestamp=7), 0, now=8)
    v.add("eleven digits", headers(timestamp=10**10), 0, now=10**10)
    v.add("the last second of the year 9999", headers(timestamp=253402300799), 0, future=10**12)
    v.add("the largest of 64 bits", headers(timestamp=I64_MAX), 0, future=U64_MAX)

    v.add("the largest of 64 bits, ordinary tolerance", headers(timestamp=I64_MAX),
          "timestamp_too_new")
    v.add("milliseconds", headers(timestamp=NOW * 1000), "timestamp_too_new")
    malformed = {
        "empty": "",
        "a minus": f"-{NOW}",
        "minus zero": "-0",
        "the smallest of 64 bits": str(-(2**63)),
        "one leading zero": f"0{NOW}",
        "two leading zeros": f"00{NOW}",
        "two zeros": "00",
        "a fraction of zero": f"{NOW}.0",
        "a fraction": f"{NOW}.5",
        "a dot last": f"{NOW}.",
        "an exponent": "1.61426533e9",
        "a whole exponent": "161426533e1",
        "hexadecimal": hex(NOW),
        "underscores": f"{NOW:_}",
        "thousands": f"{NOW:,}",
        "a space inside": "1614 265330",
        "one more than the largest of 64 bits": I64_MAX + 1,
        "the largest unsigned": U64_MAX,
        "wraps around to now at 64 bits": 2**64 + NOW,
        "wraps around to now at 32 bits": f"{NOW + 2**32}x",
        "forty digits": "1" * 40,
        "not a number": "NaN",
        "infinity": "inf",
        "a word": "now",
        "a date": "2021-02-25T15:02:10Z",
        "Arabic digits": "".join(chr(0x660 + int(d)) for d in str(NOW)),
        "full-width digits": "".join(chr(0xFF10 + int(d)) for d in str(NOW)),
        "byte ff": b"\xff",
        "quoted": f'"{NOW}"',
        "joined by a proxy": f"{NOW}, {NOW}",
        "a letter last": f"{NOW}s",
    }
    for name, timestamp in malformed.items():
        v.add(name, headers(timestamp=timestamp), "malformed_timestamp")
    v.add("zero written twice at time zero", headers(timestamp="00"), "malformed_timestamp", now=0)
    # The plain number is what the sender signed, and what a lenient parser would sign.
    for name, timestamp in {"a plus": f"+{NOW}", "a fraction of zero": f"{NOW}.0",
                            "a leading zero": f"0{NOW}"}.items():
        v.add(f"{name}, the plain number signed", headers(timestamp=timestamp, signature=GOOD_ENTRY),
              "malformed_timestamp")
    v.add("a plus, signed", headers(timestamp=f"+{NOW}"), "malformed_timestamp")
    for name, timestamp in {"a space first": f" {NOW}", "a space last": f"{NOW} ",
                            "a tab first": f"\t{NOW}"}.items():
        v.add(f"{name}, signed", headers(timestamp=timestamp), "malformed_timestamp",
              http="no_matching_signature")
        v.add(f"{name}, the plain number signed", headers(timestamp=timestamp, signature=GOOD_ENTRY),
              "malformed_timestamp", http="accept")
    for byte in (0x00, 0x0A, 0x0D):
        v.add(f"byte {byte:02x} last", headers(timestamp=f"{NOW}{chr(byte)}"), "malformed_timestamp",
              http="skip")
    v.add("a space alone", headers(timestamp=" "), "malformed_timestamp")
    good = headers()[1]
    v.add("the same twice", [good] + headers(), "duplicate_header")
    v.add("good, then another", headers() + [["svix-timestamp", NOW + 1]], "duplicate_header")
    v.add("another, then good", [["svix-timestamp", NOW + 1]] + headers(), "duplicate_header")
    v.add("good, then an empty one", headers() + [["svix-timestamp", ""]], "duplicate_header")
    webhook = headers(family="webhook")
    v.add("webhook-timestamp twice", [webhook[1]] + webhook, "duplicate_header")
    v.add("a second later than was signed", headers(timestamp=NOW + 1, signature=GOOD_ENTRY),
          "no_matching_signature")
    return v


def tolerance():
    v = Vectors("How far the timestamp may be from now: 300 seconds either side unless set, inclusive.")

    def at(name, skew, verdict, **settings):
        """`skew` is now minus the timestamp."""
        now = settings.pop("now", NOW)
        v.add(name, headers(timestamp=now - skew), verdict, now=now, **settings)

    at("this very second", 0, 0)
    at("299 s old", 299, 0)
    at("300 s old", 300, 0)
    at("301 s old", 301, "timestamp_too_old")
    at("300 s ahead", -300, 0)
    at("301 s ahead", -301, "timestamp_too_new")
    at("an hour old", 3600, "timestamp_too_old")
    at("an hour ahead", -3600, "timestamp_too_new")
    at("as old as time", NOW, "timestamp_too_old")
    at("10 s of 10 s old", 10, 0, past=10)
    at("11 s of 10 s old", 11, "timestamp_too_old", past=10)
    at("2 s of 2 s ahead", -2, 0, future=2)
    at("3 s of 2 s ahead", -3, "timestamp_too_new", future=2)
    at("past set, 300 s ahead", -300, 0, past=10)
    at("past set, 301 s ahead", -301, "timestamp_too_new", past=10)
    at("future set, 300 s old", 300, 0, future=2)
    at("future set, 301 s old", 301, "timestamp_too_old", future=2)
    at("no tolerance, this very second", 0, 0, past=0, future=0)
    at("no tolerance, 1 s old", 1, "timestamp_too_old", past=0, future=0)
    at("no tolerance, 1 s ahead", -1, "timestamp_too_new", past=0, future=0)
    at("a day of a day old", 86400, 0, past=86400)
    at("a day and a second of a day old", 86401, "timestamp_too_old", past=86400)
    at("unbounded past, as old as time", NOW, 0, past=U64_MAX)
    at("unbounded past, 301 s ahead", -301, "timestamp_too_new", past=U64_MAX)
    at("unbounded future, far ahead", -(10**12), 0, future=U64_MAX)
    at("unbounded future, 301 s old", 301, "timestamp_too_old", future=U64_MAX)
    at("the clock at 1970, zero", 0, 0, now=0)
    at("the clock at 1970, 300 s ahead", -300, 0, now=0)
    at("the clock at 1970, 301 s ahead", -301, "timestamp_too_new", now=0)
    at("the clock 300 s before 1970, zero", -300, 0, now=-300)
    at("the clock 301 s before 1970, zero", -301, "timestamp_too_new", now=-301)
    v.add("the clock before 1970, today", headers(), "timestamp_too_new", now=-1)
    v.add("an old signature under a fresh timestamp",
          headers(timestamp=NOW, signature="v1," + sign(timestamp=NOW - 3600)),
          "no_matching_signature")
    return v


def signatures():
    v = Vectors("The signature header: a list of entries, however proxies joined or split it; of each "
                "signature the canonical base64.")

    def lines(name, values, verdict, **settings):
        sent = headers()[:2] + [["svix-signature", value] for value in values]
        v.add(name, sent, verdict, **settings)

    good = {
        "one": GOOD_ENTRY,
        "a space behind the comma": f"v1, {GOOD}",
        "a space instead of the comma": f"v1 {GOOD}",
        "a tab instead of the comma": f"v1\t{GOOD}",
        "two commas": f"v1,,{GOOD}",
        "a comma, spaces and tabs": f"v1 ,\t, \t{GOOD}",
        "spaces and tabs around": f" \t{GOOD_ENTRY}\t ",
        "commas around": f",,{GOOD_ENTRY},,",
        "wrong, good": f"{WRONG_ENTRY} {GOOD_ENTRY}",
        "good, wrong": f"{GOOD_ENTRY} {WRONG_ENTRY}",
        "wrong, good, joined by a comma": f"{WRONG_ENTRY},{GOOD_ENTRY}",
        "wrong, good, joined by comma and space": f"{WRONG_ENTRY}, {GOOD_ENTRY}",
        "good, wrong, joined by comma and space": f"{GOOD_ENTRY}, {WRONG_ENTRY}",
        "wrong, good, joined by a tab": f"{WRONG_ENTRY}\t{GOOD_ENTRY}",
        "wrong, good, joined by two spaces": f"{WRONG_ENTRY}  {GOOD_ENTRY}",
        "good twice": f"{GOOD_ENTRY} {GOOD_ENTRY}",
        "malformed, good": f"v1,abc {GOOD_ENTRY}",
        "good, malformed": f"{GOOD_ENTRY} v1,abc",
        "empty, good": f"v1, {GOOD_ENTRY}",
        "padding alone, good": f"v1,==== {GOOD_ENTRY}",
        "garbage, good": f"garbage {GOOD_ENTRY}",
        "garbage, good, garbage": f"?? {GOOD_ENTRY} v1",
        "asymmetric, good": f"v1a,{b64(b's' * 64)} {GOOD_ENTRY}",
        "good, asymmetric": f"{GOOD_ENTRY} v1a,{b64(b's' * 64)}",
        "another version, good": f"v2,{WRONG} {GOOD_ENTRY}",
        "a version of many letters, good": f"v12beta,{WRONG} {GOOD_ENTRY}",
        "v1 twice": f"v1,v1,{GOOD}",
        "another version before v1": f"v2,v1,{GOOD}",
        "a version with a wrong separator, good": f"v1={GOOD} {GOOD_ENTRY}",
        "bytes that are not UTF-8, good": b"v1,\xff\xfe " + GOOD_ENTRY.encode(),
        "bytes that are not ASCII, good": f"é🦀 {GOOD_ENTRY}",
        "forty words, good": "word " * 40 + GOOD_ENTRY,
        "a thousand words, good": "w " * 1000 + GOOD_ENTRY,
        "forty times v, good": "v " * 40 + GOOD_ENTRY,
        "forty times v and a letter, good": "vx " * 40 + GOOD_ENTRY,
    }
    for name, value in good.items():
        lines(name, [value], 0)
    lines("two lines: wrong, good", [WRONG_ENTRY, GOOD_ENTRY], 0)
    lines("two lines: good, wrong", [GOOD_ENTRY, WRONG_ENTRY], 0)
    lines("two lines: split at the comma", ["v1", GOOD], 0)
    lines("two lines: split behind the comma", ["v1,", GOOD], 0)
    lines("two lines: split before the comma", ["v1", f",{GOOD}"], 0)
    lines("three lines: empty, malformed, good", ["", "v1,abc", GOOD_ENTRY], 0)
    lines("thirty-two lines, the last good", [WRONG_ENTRY] * 31 + [GOOD_ENTRY], 0)

    fillers = {"a malformed v1": "v1,bad", "a bare v1": "v1", "v1a": "v1a,bad", "a bare v9": "v9"}
    for name, filler in fillers.items():
        lines(f"at place 32, behind {name}", [f"{filler} " * 31 + GOOD_ENTRY], 0)
        lines(f"at place 33, behind {name}", [f"{filler} " * 32 + GOOD_ENTRY], "malformed_signature")
    lines("at place 32, behind wrong ones", [f"{WRONG_ENTRY} " * 31 + GOOD_ENTRY], 0)
    lines("at place 33, behind wrong ones", [f"{WRONG_ENTRY} " * 32 + GOOD_ENTRY],
          "no_matching_signature")
    lines("at place 201, behind wrong ones", [f"{WRONG_ENTRY} " * 200 + GOOD_ENTRY],
          "no_matching_signature")
    lines("thirty-three lines, the last good", [WRONG_ENTRY] * 32 + [GOOD_ENTRY],
          "no_matching_signature")

    malformed = {
        "empty": "",
        "a space": " ",
        "commas and spaces": ", ,\t,",
        "no version": GOOD,
        "a version alone": "v1",
        "a version and a comma": "v1,",
        "a capital V": f"V1,{GOOD}",
        "a leading zero": f"v01,{GOOD}",
        "no number": f"v,{GOOD}",
        "only the number": f"1,{GOOD}",
        "version 10": f"v10,{GOOD}",
        "version 1.0": f"v1.0,{GOOD}",
        "asymmetric": f"v1a,{GOOD}",
        "another version": f"v2,{GOOD}",
        "a colon": f"v1:{GOOD}",
        "an equals sign": f"v1={GOOD}",
        "an equals sign and a comma": f"v1=,{GOOD}",
        "a semicolon": f"v1;{GOOD}",
        "a no-break space": f"v1\u00a0{GOOD}",
        "garbage": "garbage",
        "garbage, a bare signature": f"garbage {GOOD}",
        "an asymmetric version in its place": f"v1,v1a,{GOOD}",
        "another version in its place": f"v1,v2,{GOOD}",
        "malformed, a bare signature": f"v1,abc,{GOOD}",
        "before its version": f"{GOOD},v1",
        "in quotes": f'v1,"{GOOD}"',
        "the whole entry in quotes": f'"{GOOD_ENTRY}"',
        "the algorithm as version": f"sha256={mac(signed_text(ID, NOW, BODY)).hex()}",
        "hexadecimal": f"v1,{mac(signed_text(ID, NOW, BODY)).hex()}",
        "base64 for addresses": "v1," + GOOD.replace("+", "-").replace("/", "_"),
        "no padding": "v1," + GOOD.rstrip("="),
        "padding alone": "v1,====",
        "padding twice": f"v1,{GOOD}=",
        "padding first": f"v1,={GOOD[:-1]}",
        "junk behind": f"v1,{GOOD}!",
        "junk before": f"v1,!{GOOD}",
        "junk in its place": f"v1,!{GOOD[1:]}",
        "not canonical": "v1," + GOOD[:-2] + chr(ord(GOOD[-2]) + 1) + "=",
        "a dot inside": f"v1,{GOOD[:20]}.{GOOD[21:]}",
        "the first ten letters": f"v1,{GOOD[:10]}",
        "all but the last group": f"v1,{GOOD[:-4]}",
        "twice in one": f"v1,{GOOD}{GOOD}",
        "33 bytes in 44 letters": "v1," + b64(b"s" * 33),
        "31 bytes in 44 letters": "v1," + b64(b"s" * 31),
        "16 bytes": "v1," + b64(b"s" * 16),
        "64 bytes: HMAC-SHA512": "v1," + b64(mac(signed_text(ID, NOW, BODY), digest="sha512")),
        "20 bytes: HMAC-SHA1": "v1," + b64(mac(signed_text(ID, NOW, BODY), digest="sha1")),
        "bytes that are not UTF-8": b"v1,\xff\xfe",
    }
    for name, value in malformed.items():
        lines(name, [value], "malformed_signature")
    lines("a line break inside", [f"v1,{GOOD[:20]}\n{GOOD[20:]}"], "malformed_signature", http="skip")
    lines("a zero byte behind", [f"v1,{GOOD}\0"], "malformed_signature", http="skip")
    lines("two lines: the signature first", [GOOD, "v1"], "malformed_signature")

    key = key_of(SECRET)
    text = signed_text(ID, NOW, BODY)
    flipped = [bytearray(mac(text)), bytearray(mac(text))]
    flipped[0][0] ^= 0x80
    flipped[1][-1] ^= 0x01
    unmatched = {
        "wrong": WRONG,
        "zeros": b64(bytes(32)),
        "one bit off in the first byte": b64(flipped[0]),
        "one bit off in the last byte": b64(flipped[1]),
        "reversed": b64(mac(text)[::-1]),
        "no HMAC: SHA-256 of key and text": b64(hashlib.sha256(key + text).digest()),
        "over the body alone": b64(mac(BODY)),
        "over time and body": b64(mac(f"{NOW}.".encode() + BODY)),
        "over time, id, body": b64(mac(signed_text(NOW, ID, BODY))),
        "over colons instead of dots": b64(mac(f"{ID}:{NOW}:".encode() + BODY)),
        "over the text with a line break behind": b64(mac(text + b"\n")),
        "keyed with the secret's text": b64(mac(text, SECRET.encode())),
        "keyed with the secret's base64": b64(mac(text, SECRET.removeprefix("whsec_").encode())),
        "keyed with nothing": b64(mac(text, b"")),
    }
    for name, value in unmatched.items():
        lines(name, [f"v1,{value}"], "no_matching_signature")
    lines("wrong, a bare signature", [f"{WRONG_ENTRY},{GOOD}"], "no_matching_signature")
    lines("wrong, good as v1a", [f"{WRONG_ENTRY} v1a,{GOOD}"], "no_matching_signature")
    lines("two lines: wrong, a bare signature", [WRONG_ENTRY, GOOD], "no_matching_signature")
    return v


def bodies():
    v = Vectors("The body: its bytes as they came, of whatever kind.")
    latin = b'{"name":"Jos\xe9"}'
    as_text = latin.decode(errors="replace").encode()
    crlf = b'{\r\n "a": 1\r\n}\r\n'
    nfc = '{"name":"José"}'.encode()
    nfd = unicodedata.normalize("NFD", nfc.decode()).encode()
    for name, body in {
        "JSON": BODY,
        "empty": b"",
        "one byte": b"x",
        "white space": b" \r\n\t",
        "plain text": b"hello",
        "not UTF-8": latin,
        "replacement characters, signed as such": as_text,
        "a byte order mark": b"\xef\xbb\xbf{}",
        "UTF-16": "{}".encode("utf-16"),
        "a zero byte": b"\0",
        "every byte": bytes(range(256)),
        "CRLF": crlf,
        "decomposed letters": nfd,
        "an emoji": "🦀".encode(),
        "dots": b"...",
        "the same dots and time again": f".{NOW}.".encode(),
        "an HTTP request": b"POST / HTTP/1.1\r\nhost: x\r\n\r\n",
        "deep JSON": b"[" * 500 + b"]" * 500,
        "one block of SHA-256, all in all": b"b" * (64 - len(f"{ID}.{NOW}.")),
        "8 KiB": bytes(i * 7 % 256 for i in range(8192)),
    }.items():
        v.add(name, headers(body=body), 0, body=body)
    for name, (signed, sent) in {
        "a space more": (BODY, BODY + b" "),
        "a line break more": (BODY, BODY + b"\n"),
        "a byte less": (BODY, BODY[:-1]),
        "nothing instead of JSON": (BODY, b""),
        "JSON instead of nothing": (b"", b"{}"),
        "one bit off in the first byte": (BODY, bytes([BODY[0] ^ 1]) + BODY[1:]),
        "one bit off in the last byte": (BODY, BODY[:-1] + bytes([BODY[-1] ^ 0x80])),
        "twice": (BODY, BODY + BODY),
        "printed anew": (BODY, json.dumps(json.loads(BODY), separators=(",", ":")).encode()),
        "keys in another order": (b'{"a":1,"b":2}', b'{"b":2,"a":1}'),
        "escaped": (nfc, b'{"name":"Jos\\u00e9"}'),
        "read as text: replacement characters": (latin, as_text),
        "read as Latin-1": (latin, latin.decode("latin-1").encode()),
        "bytes that are not UTF-8 left out": (latin, latin.decode(errors="ignore").encode()),
        "without its byte order mark": (b"\xef\xbb\xbf{}", b"{}"),
        "with a byte order mark": (b"{}", b"\xef\xbb\xbf{}"),
        "line breaks changed": (crlf, crlf.replace(b"\r\n", b"\n")),
        "letters composed": (nfd, nfc),
        "cut at the zero byte": (b"{}\0{}", b"{}"),
        "base64": (BODY, base64.b64encode(BODY)),
    }.items():
        v.add(name, headers(body=signed), "no_matching_signature", body=sent)
    return v


def rotation():
    v = Vectors("Several secrets: any may match, the first in the receiver's order is named.")

    def of(*secrets):
        return " ".join("v1," + sign(secret=secret) for secret in secrets)

    both = (SECRET, OTHER)
    v.add("signed with the first", headers(signature=of(SECRET)), 0, secrets=both)
    v.add("signed with the second", headers(signature=of(OTHER)), 1, secrets=both)
    v.add("signed with both", headers(signature=of(SECRET, OTHER)), 0, secrets=both)
    v.add("signed with both, the other way round", headers(signature=of(OTHER, SECRET)), 0, secrets=both)
    v.add("signed with a stranger's and the second", headers(signature=of(STRANGER, OTHER)), 1,
          secrets=both)
    v.add("signed with the second and a malformed one", headers(signature="v1,abc " + of(OTHER)), 1,
          secrets=both)
    v.add("one secret, signed with two", headers(signature=of(OTHER, SECRET)), 0)
    v.add("the same secret twice", headers(), 0, secrets=(SECRET, SECRET))
    v.add("three secrets, signed with the third", headers(signature=of(STRANGER)), 2,
          secrets=(*both, STRANGER))
    many = ["whsec_" + b64(hashlib.sha256(bytes([i])).digest()) for i in range(10)]
    v.add("ten secrets, signed with the tenth", headers(secret=many[9]), 9, secrets=many)
    v.add("ten secrets, signed with an eleventh", headers(), "no_matching_signature", secrets=many)
    v.add("one without prefix, one with white space around", headers(secret=OTHER), 1,
          secrets=(SECRET.removeprefix("whsec_"), f" {OTHER}\n"))
    v.add("keys of 24 and of 64 bytes", headers(secret="whsec_" + b64(b"k" * 64)), 1,
          secrets=(SECRET, "whsec_" + b64(b"k" * 64)))
    v.add("a key of 65 bytes, which HMAC hashes first", headers(secret="whsec_" + b64(b"k" * 65)), 0,
          secrets=("whsec_" + b64(b"k" * 65),))
    v.add("signed with a stranger's", headers(secret=STRANGER), "no_matching_signature", secrets=both)
    v.add("signed with the second, which is no longer there", headers(secret=OTHER),
          "no_matching_signature")
    v.add("signed with both, another body", headers(signature=of(*both)), "no_matching_signature",
          secrets=both, body=b"{}")
    v.add("signed with the keys joined",
          headers(signature="v1," + b64(mac(signed_text(ID, NOW, BODY), key_of(SECRET) + key_of(OTHER)))),
          "no_matching_signature", secrets=both)
    return v


def order():
    v = Vectors("Of several faults the first is named: presence, duplicates, id, timestamp's form, "
                "tolerance, signature entries, match.")

    def without(part):
        return lambda sent: [header for header in sent if header[0] != f"svix-{part}"]

    def double(part):
        return lambda sent: [header for header in sent if header[0] == f"svix-{part}"] + sent

    def change(part, value):
        return lambda sent: [[n, value if n == f"svix-{part}" else x] for n, x in sent]

    # Code, name, which header, what happens to it; in the order in which they are looked for.
    faults = [
        ("missing_header", "no timestamp", "timestamp", without("timestamp")),
        ("missing_header", "no signature", "signature", without("signature")),
        ("duplicate_header", "two ids", "presence of the id", double("id")),
        ("malformed_id", "an id with a dot", "id", change("id", "msg.1")),
        ("malformed_timestamp", "a word as time", "timestamp", change("timestamp", "soon")),
        ("timestamp_too_old", "a stale time", "timestamp", change("timestamp", NOW - 301)),
        ("timestamp_too_new", "an early time", "timestamp", change("timestamp", NOW + 301)),
        ("malformed_signature", "no entry well-formed", "signature", change("signature", "v1,abc")),
        ("no_matching_signature", "a wrong entry", "signature", change("signature", WRONG_ENTRY)),
    ]
    v.add("none", headers(), 0)
    for code, name, _, apply in faults:
        v.add(f"{name} alone", apply(headers()), code)
    for place, (code, name, part, apply) in enumerate(faults):
        for _, later, later_part, apply_later in faults[place + 1:]:
            if part != later_part:
                v.add(f"{name} and {later}", apply(apply_later(headers())), code)

    malformed = [["svix-id", "msg.1"], ["svix-timestamp", "soon"], ["svix-signature", "v1,abc"]]
    v.add("each value malformed", malformed, "malformed_id")
    v.add("each value malformed, two ids", double("id")(malformed), "duplicate_header")
    v.add("each value malformed, two timestamps", double("timestamp")(malformed), "duplicate_header")
    v.add("each value malformed, two ids, no signature", without("signature")(double("id")(malformed)),
          "missing_header")
    return v


def public():
    v = Vectors("Vectors that others published: Svix, Standard Webhooks, Brex; each recomputed here.")
    published = [
        ("Svix and Standard Webhooks, JSON", SECRET, ID, NOW, '{"test": 2432232314}',
         "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ("Standard Webhooks, empty", SECRET, ID, NOW, "",
         "v48jdbgvh29KJz2Qc+ghw8G6vG3nAKnujWBg8oM/62A="),
        ("Standard Webhooks, beyond ASCII", SECRET, ID, NOW, "héllo, 🦀 world!",
         "97lN0xDmMiBOfUlhcvdbJPqKzUcBmyfgBUIzq1ocPOk="),
        ("Svix, user", OTHER, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
         '{"email":"test@example.com","username":"test_user"}',
         "tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="),
        ("Brex", STRANGER.removeprefix("whsec_"), "msg_24Ky2257Hzd0tgc5bWs8TwK9Kod", 1643393361,
         '{"event_type": "TRANSFER_PROCESSED", "transfer_id": "dptx_ckyypz30n000101kgzgnrtqlf", '
         '"company_id": "cuacc_ckqckhadg000601r95ox48c2s"}',
         "6mFFi/Bg0gw1Yz2KJwZSVq6Bh+XzllS7JVltAlZ8yCU="),
    ]
    for name, secret, id, timestamp, body, signature in published:
        assert sign(id, timestamp, body, secret) == signature, name
        for family in ("svix", "webhook"):
            sent = headers(id, timestamp, f"v1,{signature}", family)
            settings = {"secrets": (secret,), "now": timestamp}
            v.add(f"{name}, {family}-*", sent, 0, body=body, **settings)
            v.add(f"{name}, {family}-*, a space more", sent, "no_matching_signature", body=f"{body} ",
                  **settings)
    stale = "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="
    v.add("Standard Webhooks, good among others",
          headers(signature=f"v1,{stale} v2,{stale} {GOOD_ENTRY}"), 0)
    v.add("Standard Webhooks, the last letter changed",
          headers(signature="v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="),
          "no_matching_signature")
    v.add("RUSTSEC-2024-0010: nothing behind the version", headers(signature="v1,"),
          "malformed_signature")
    v.add("RUSTSEC-2024-0010: the first letter", headers(signature=f"v1,{GOOD[0]}"),
          "malformed_signature")
    return v


class Secrets:
    """The file of signing secrets."""

    def __init__(self, description):
        self.description = description
        self.cases = []

    def accept(self, name, secret):
        entry = "v1," + b64(mac(signed_text(ID, NOW, BODY), key_of(secret)))
        self.cases.append({"name": name, "secret": secret, "verdict": "accept", "signs": entry})

    def refuse(self, name, secret, code):
        self.cases.append({"name": name, "secret": secret, "verdict": "refuse", "code": code})


def secrets():
    v = Secrets("Signing secrets, as `SigningSecret::parse` judges them.")
    bare = SECRET.removeprefix("whsec_")
    v.accept("as the dashboard shows it", SECRET)
    v.accept("without prefix", bare)
    for name, space in {"space": " ", "tab": "\t", "CR": "\r", "LF": "\n", "FF": "\x0c",
                        "all of them": " \t\r\n\x0c"}.items():
        v.accept(f"{name} around", f"{space}{SECRET}{space}")
    v.accept("a line break behind, without prefix", f"{bare}\n")
    for count in (24, 25, 26, 32, 63, 64, 65, 4096):
        v.accept(f"a key of {count} bytes", "whsec_" + b64(bytes(i % 251 for i in range(count))))
    for count in (25, 26):
        v.accept(f"a key of {count} bytes without padding",
                 "whsec_" + b64(b"k" * count).rstrip("="))
    v.accept("a key with one bit set", "whsec_" + b64(bytes(31) + b"\1"))
    v.accept("a key of ff bytes: slashes only", "whsec_" + "/" * 32)
    v.accept("a key of pluses only", "whsec_" + "+" * 32)

    for name, text in {"nothing": "", "a space": " ", "white space": " \t\r\n\x0c"}.items():
        v.refuse(name, text, "empty")
    v.refuse("the prefix alone", "whsec_", "prefix_only")
    v.refuse("the prefix and a line break", "whsec_\n", "prefix_only")
    for name, quote in {"double": '"', "single": "'", "back": "`"}.items():
        v.refuse(f"{name} quotes around", f"{quote}{SECRET}{quote}", "quoted")
        v.refuse(f"a {name} quote before", f"{quote}{SECRET}", "quoted")
        v.refuse(f"a {name} quote behind", f"{SECRET}{quote}", "quoted")
    v.refuse("quotes around nothing", '""', "quoted")
    for prefix in ("sk_test_", "sk_live_", "pk_test_", "pk_live_", "sk_", "pk_"):
        v.refuse(f"an API key, {prefix}", prefix + bare, "api_key")
    for prefix in ("whsk_", "whpk_"):
        v.refuse(f"an asymmetric key, {prefix}", prefix + b64(b"k" * 32), "asymmetric_key")
        v.refuse(f"{prefix} alone", prefix, "asymmetric_key")
    no_base64 = {
        "a space inside": f"{SECRET[:20]} {SECRET[20:]}",
        "a line break inside": f"{SECRET[:20]}\n{SECRET[20:]}",
        "two secrets": f"{SECRET},{OTHER}",
        "the prefix twice": f"whsec_{SECRET}",
        "the prefix in capitals": f"WHSEC_{bare}",
        "a space behind the prefix": f"whsec_ {bare}",
        "base64 for addresses": "whsec_" + b64(b"\xff\xef" * 16).replace("/", "_").replace("+", "-"),
        "one letter less": SECRET[:-1] + "=" * 4,
        "one letter more": f"{SECRET}A",
        "part of its padding": "whsec_" + "C" * 32 + "AA=",
        "padding too much": "whsec_" + "C" * 32 + "AAA==",
        "padding where none is needed": f"{SECRET}=",
        "four of padding": f"{SECRET}====",
        "padding inside": "whsec_" + "C" * 30 + "==" + "C" * 32,
        "not canonical, padded": "whsec_" + "C" * 32 + "AB==",
        "not canonical, unpadded": "whsec_" + "C" * 32 + "AB",
        "not canonical, 25 bytes of Standard Webhooks' tests": f"{SECRET}Br",
        "not canonical, 23 bytes of Standard Webhooks' tests": SECRET[:-1],
        "a no-break space before": f"\u00a0{SECRET}",
        "a vertical tab before": f"\x0b{SECRET}",
        "a byte order mark before": f"\ufeff{SECRET}",
        "a zero byte behind": f"{SECRET}\0",
        "letters beyond ASCII": "whsec_" + "é" * 16,
        "an Ed25519 name of another kind": "whsec-" + bare,
        "a placeholder": "whsec_...",
        "a variable that was not filled in": "${CLERK_WEBHOOK_SIGNING_SECRET}",
        "padding alone": "whsec_=",
    }
    for name, text in no_base64.items():
        v.refuse(name, text, "not_base64")
    v.refuse("a word", "password", "too_short")
    v.refuse("a word behind the prefix", "whsec_password", "too_short")
    v.refuse("none", "none", "too_short")
    for count in (1, 16, 23):
        v.refuse(f"a key of {count} bytes", "whsec_" + b64(b"k" * count), "too_short")
    v.refuse("a key of 23 bytes without padding", "whsec_" + b64(b"k" * 23).rstrip("="), "too_short")
    v.refuse("23 bytes of zeros", "whsec_" + b64(bytes(23)), "too_short")
    for count in (24, 32, 64, 65):
        v.refuse(f"{count} bytes of zeros", "whsec_" + b64(bytes(count)), "all_zero")
    return v


FILES = {
    "families.json": families,
    "ids.json": ids,
    "timestamps.json": timestamps,
    "tolerance.json": tolerance,
    "signatures.json": signatures,
    "bodies.json": bodies,
    "rotation.json": rotation,
    "order.json": order,
    "public.json": public,
    "secrets.json": secrets,
}


def text_of(file):
    """One case a line, so that a difference shows the case."""
    names = [case["name"] for case in file.cases]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"two cases of one name: {twice}"
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in file.cases)
    return f'{{"description": {json.dumps(file.description)}, "cases": [\n{lines}\n]}}\n'


def check(texts):
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    differing = sorted(name for name in texts.keys() | committed.keys()
                       if texts.get(name) != committed.get(name))
    for name in differing:
        print(f"{name} is not what generate.py writes", file=sys.stderr)
    return not differing


def main():
    files = {name: make() for name, make in FILES.items()}
    texts = {name: text_of(file) for name, file in files.items()}
    if sys.argv[1:] == ["--check"]:
        if not check(texts):
            sys.exit("run tests/vectors/generate.py, and look at what changed")
    elif sys.argv[1:]:
        sys.exit("usage: generate.py [--check]")
    else:
        for name, text in texts.items():
            (FOLDER / name).write_text(text)
    for name, file in files.items():
        accepted = sum(case["verdict"] == "accept" for case in file.cases)
        print(f"{name}: {accepted} accepted, {len(file.cases) - accepted} refused")


if __name__ == "__main__":
    main()
