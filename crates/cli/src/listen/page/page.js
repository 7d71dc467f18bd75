// The page of `clerk-webhooks listen`. Texts from outside become text nodes only: see `el` and `visible`.

const TOKEN = document.querySelector("meta[name=token]").content;
const MANY = 200; // entries of one object or list that are shown at once
const LONG = 2000; // characters of one text that are shown at once

const $ = (id) => document.getElementById(id);
const rows = new Map(); // number -> { data, element }
const marked = new Set(); // numbers of deliveries, or ids of dead letters
let settings = {};
let view = "deliveries";
let open = null; // number or id of what the right side shows
let found = null; // numbers with the searched text in the body
let letters = [];

/* Elements */

/** `el("p.outside", { title: "..." }, "text", child)`. Strings become text, never markup. */
function el(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  element.classList.add(...classes.filter(Boolean));
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

/** Characters that hide, or that turn the direction of what follows, are shown as escapes. */
const visible = (text) =>
  String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
    (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0"));

/** A text from outside; a long one with a button for the rest. */
function outside(text, name = "span.outside") {
  const shown = visible(text);
  if (shown.length <= LONG) return el(name, {}, shown);
  const more = el("button.more", { onclick: () => more.parentNode.replaceChildren(shown) },
    `show all ${shown.length.toLocaleString("en")} characters`);
  return el(name, {}, shown.slice(0, LONG), "…", more);
}

const button = (text, onclick, name = "button", attributes = {}) => el(name, { type: "button", onclick, ...attributes }, text);

function toast(text) {
  $("toast").textContent = visible(text);
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), 4000);
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  toast("Copied");
}

/* The server */

async function call(path, body) {
  const init = body && { method: "POST", headers: { "x-token": TOKEN }, body: JSON.stringify(body) };
  const response = await fetch(path, init);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

/** What a click starts: a failure is shown, not lost. */
const attempt = (action) => (...args) => Promise.resolve(action(...args)).catch((error) => toast(error.message));

function follow() {
  const feed = new EventSource("/feed");
  feed.addEventListener("start", (event) => start(JSON.parse(event.data)));
  feed.addEventListener("delivery", (event) => add(JSON.parse(event.data), true));
  feed.onopen = () => live("live", "live");
  feed.onerror = () => live("waiting", "reconnecting");
}

function live(state, text) {
  $("live").dataset.state = state;
  $("live").textContent = text;
}

function start(all) {
  settings = all.settings;
  // Another run: its numbers and its token are others.
  if (!TOKEN.startsWith(settings.run)) return location.reload();
  rows.clear();
  $("rows").replaceChildren();
  $("tab-dead").hidden = !settings.queue;
  $("receiver").textContent = settings.receiver;
  for (const data of all.rows) add(data, false);
  update();
  if (open === null) welcome();
  if (settings.queue) attempt(loadLetters)();
}

/* The list of deliveries */

function add(data, isNew) {
  for (const number of rows.keys()) {
    if (number >= data.oldest) break;
    rows.get(number).element.remove();
    rows.delete(number);
    marked.delete(number);
  }
  const before = rows.get(data.number);
  const element = row(data);
  rows.set(data.number, { data, element });
  const hasFocus = before?.element.contains(document.activeElement);
  if (before) before.element.replaceWith(element);
  else $("rows").prepend(element);
  if (hasFocus) element.querySelector("button").focus();
  if (!before && isNew) element.classList.add("new");
  if (before && open === data.number) $("outcomes")?.replaceWith(outcomes(data));
  if (isNew) {
    update();
    if ($("text").value && !before) searchSoon();
  }
}

function row(data) {
  const last = data.replayed.at(-1) ?? data.forwarded;
  const pills = [pill({ verified: "good", undecodable: "warn", refused: "bad" }[data.verdict], data.verdict), last && status(last)];
  const which = data.object_id ?? data.svix_id ?? "no message id";
  return line(data.number, data.event_type, data.received_at_ms, which, pills, () => show(data.number));
}

/** A line of either list. */
function line(key, type, time, which, pills, onclick) {
  const mark = el("input", { type: "checkbox", "aria-label": `Mark ${visible(which)}`, onchange: () => toggle(key, mark.checked) });
  mark.checked = marked.has(key);
  const element = el("li.row", {}, el("label", {}, mark),
    el("button", { type: "button", onclick: attempt(onclick) },
      el("span.what.outside", {}, visible(type ?? "no type")), el("time", { title: new Date(time).toLocaleString() }, clock(time)),
      el("span.which.outside", {}, visible(which)), el("span.pills", {}, pills)));
  element.style.setProperty("--hue", hue(type ?? ""));
  element.classList.toggle("open", open === key);
  element.dataset.number = key;
  return element;
}

const pill = (kind, text) => el("span.pill." + kind, {}, text);
const good = (status) => status >= 200 && status < 300;
const status = (outcome) => pill(good(outcome.status) ? "good" : "bad", String(outcome.status ?? "no answer"));

/** The same colour for all types of a family, such as `user.*`. */
const hue = (type) => [...type.split(".")[0]].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 210);

/** The time of today; of other days also the date. */
function clock(ms) {
  const time = new Date(ms);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString([], { hour12: false }) : time.toLocaleString([], { hour12: false, dateStyle: "short", timeStyle: "short" });
}

function update() {
  const type = $("type").value;
  const types = [...new Set([type, ...[...rows.values()].map(({ data }) => data.event_type ?? "")])].filter(Boolean).sort();
  if (types.length !== $("type").options.length - 1) {
    $("type").replaceChildren($("type").options[0], ...types.map((name) => el("option", { value: name }, visible(name))));
    $("type").value = type;
  }
  const text = $("text").value.trim().toLowerCase();
  const verdict = new FormData($("filters")).get("verdict");
  const fits = ({ data }) =>
    (!type || data.event_type === type) &&
    (!verdict || (verdict === "verified") === (data.verdict === "verified")) &&
    (!text || found?.has(data.number) || [data.svix_id, data.object_id, data.event_type, data.reason]
      .some((field) => field?.toLowerCase().includes(text)));
  let shown = 0;
  for (const one of rows.values()) {
    one.element.hidden = !fits(one);
    shown += !one.element.hidden;
  }
  $("count").textContent = shown === rows.size ? rows.size : `${shown} of ${rows.size}`;
  empty(shown);
  actions();
}

function empty(shown) {
  const isEmpty = view === "deliveries" ? shown === 0 : letters.length === 0;
  $("empty").hidden = !isEmpty;
  $(view === "deliveries" ? "rows" : "letters").hidden = isEmpty;
  if (view === "dead") $("empty").replaceChildren(el("h2", {}, "No dead letters"), "Every event of this queue succeeded, or is still tried.");
  else if (rows.size) $("empty").replaceChildren(el("h2", {}, "Nothing fits"), button("Clear the filters", clearFilters));
  else {
    const command = `clerk-webhooks trigger user.created --to ${settings.receiver}`;
    $("empty").replaceChildren(el("h2", {}, "Waiting for the first delivery"), `Send deliveries to ${settings.receiver}, for example:`,
      el("p.command", {}, el("code", {}, command), button("Copy", attempt(() => copy(command)))));
  }
}

function clearFilters() {
  $("filters").reset();
  found = null;
  update();
}

async function search() {
  const text = $("text").value.trim();
  const numbers = text ? (await call("/search?text=" + encodeURIComponent(text))).numbers : null;
  if (text === $("text").value.trim()) {
    found = numbers && new Set(numbers);
    update();
  }
}

let searching;
function searchSoon() {
  searching ??= setTimeout(() => { searching = null; attempt(search)(); }, 150);
}

function toggle(key, isMarked) {
  if (isMarked) marked.add(key);
  else marked.delete(key);
  actions();
}

function actions() {
  const is = marked.size > 0;
  $("actions").hidden = !is;
  if (!is) return;
  const keys = [...marked];
  const doing = view === "deliveries"
    ? [button("Replay in order", attempt(() => replay(keys.sort((a, b) => a - b))), "button.primary", replayable())]
    : letterActions(keys);
  $("actions").replaceChildren(el("span", {}, `${marked.size} marked`), ...doing, button("All", markAll, "button.quiet"), button("None", unmark, "button.quiet"));
}

function markAll() {
  for (const row of document.querySelectorAll(".row")) {
    const box = row.querySelector("input");
    if (row.offsetParent && !box.checked) box.click();
  }
}

function unmark() {
  marked.clear();
  for (const box of document.querySelectorAll(".row input")) box.checked = false;
  actions();
}

/* Replay */

const replayable = () => (settings.service ? {} : { disabled: true, title: "Start `listen` with --forward-to URL to replay to your service" });

async function replay(numbers) {
  const { outcomes } = await call("/replay", { numbers });
  const accepted = outcomes.filter(({ status }) => good(status)).length;
  const error = outcomes.at(-1)?.error;
  toast(error ? `Stopped: ${error}` : outcomes.length === 1 ? `The service answered ${outcomes[0].status}` : `${accepted} of ${outcomes.length} accepted`);
}

/* One delivery */

async function show(number) {
  select(number);
  const { data } = rows.get(number);
  const head = [
    title(data.event_type ?? "no type", button("Replay", attempt(() => replay([number])), "button.primary", { id: "replay", ...replayable() })),
    facts({
      "Message id": outside(data.svix_id ?? "none"),
      "Object": outside(data.object_id ?? "none"),
      "Received": new Date(data.received_at_ms).toLocaleString(),
      "Verified with": data.secret ? outside(data.secret) : "no secret",
      "Body": `${data.body_bytes.toLocaleString("en")} bytes`,
      "Answered": `${data.status} after ${data.latency_ms} ms`,
    })];
  $("detail").replaceChildren(...head, outcomes(data), ...why(data, { findings: [] }), el("p.note", {}, "Loading…"));
  $("detail").scrollTop = 0;
  const detail = await call("/deliveries/" + number);
  if (open === number) $("detail").replaceChildren(...head, outcomes(rows.get(number)?.data ?? data), ...why(data, detail), body(detail));
}

function select(key) {
  open = key;
  document.body.classList.add("reading");
  for (const element of document.querySelectorAll(".row")) {
    element.classList.toggle("open", String(key) === element.dataset.number);
  }
}

const title = (text, ...buttons) => el("div.title", {}, button("←", close, "button.quiet.back", { "aria-label": "Back to the list" }), outside(text, "h2.outside"), ...buttons);

const facts = (all) => el("dl.facts", { id: "about" }, Object.entries(all).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));

/** What the service said. */
function outcomes(data) {
  const fact = (what, outcome) => el("div", {}, el("dt", {}, what), el("dd", {}, status(outcome), ` after ${outcome.latency_ms} ms `, outside(outcome.error ?? "")));
  const all = [data.forwarded && fact("Forwarded", data.forwarded), ...data.replayed.map((outcome, place) => fact(`Replay ${place + 1}`, outcome))].filter(Boolean);
  return el("dl.facts", { id: "outcomes", hidden: all.length === 0 }, all);
}

function why(data, { findings, unknown }) {
  if (!data.reason) return [];
  const finding = ({ certainty, cause, what, evidence, cure }) => el("div.finding", {},
    pill(certainty === "proved" ? "bad" : "warn", certainty), " ", el("b", {}, what),
    el("p", {}, el("b", {}, "To do: "), cure), el("p", {}, "Evidence: ", evidence), el("p", {}, "Cause: ", cause));
  const nothing = unknown && el("div.finding", {}, pill("warn", "unknown"), " ", unknown[0], el("p", {}, el("b", {}, "To do: "), unknown[1]));
  return [el("section.why", { "aria-label": "Why it was refused" }, el("h3", {}, `${data.verdict}: ${data.reason}`), el("p.outside", {}, visible(data.message)), findings.map(finding), nothing)];
}

/** Tree, raw text and headers. */
function body({ body, body_b64, headers }) {
  const text = body ?? body_b64;
  const panels = {
    Event: () => event(text),
    Raw: () => el("div", {}, body === null && el("p.note", {}, "Not UTF-8; in base64:"), outside(text, "pre.outside")),
    ...(headers && { Headers: () => el("div", {}, el("table", {}, headers.map(([name, value]) => el("tr", {}, el("th.outside", { scope: "row" }, visible(name)), el("td", {}, outside(value)))))) }),
  };
  const panel = el("div.panel");
  const tabs = Object.keys(panels).map((name) => button(name, () => turnTo(name), "button", { "data-panel": name }));
  const turnTo = (name) => {
    for (const tab of tabs) tab.setAttribute("aria-pressed", tab.dataset.panel === name);
    panel.replaceChildren(panels[name]());
  };
  turnTo("Event");
  return el("section.card", { "aria-label": "Content" }, el("nav", {}, tabs, button("Copy", attempt(() => copy(text)), "button.quiet")), panel);
}

/* The tree */

/** A number as it is written, when a browser's number would be another. */
class Exact { constructor(source) { this.source = source; } }

const exact = (_, value, context) =>
  typeof value === "number" && context?.source && String(value) !== context.source ? new Exact(context.source) : value;

function event(text) {
  try {
    return el("div.tree", {}, node(null, JSON.parse(text, exact), 0));
  } catch (error) {
    return el("p.note", {}, error instanceof RangeError ? "The body is nested too deep: see Raw." : "The body is not JSON: see Raw.");
  }
}

const label = (key) => (key === null ? null : [outside(key, "span.outside.key"), ": "]);

/** Children are made when they are opened: a hostile event may have a million. */
function node(key, value, depth) {
  if (value === null || typeof value !== "object" || value instanceof Exact) return leaf(key, value);
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  if (!entries.length) return el("div.leaf", {}, label(key), el("span.note", {}, isList ? "[]" : "{}"));
  const size = `${entries.length} ${isList ? "item" : "field"}${entries.length === 1 ? "" : "s"}`;
  const details = el("details", {}, el("summary", {}, label(key) ?? (isList ? "list " : "event "), el("span.note", {}, size)));
  const list = el("ul");
  const fill = () => {
    const next = entries.splice(0, MANY);
    list.append(...next.map(([name, child]) => el("li", {}, node(name, child, depth + 1))));
    if (entries.length) list.append(el("li", {}, el("button.more", { onclick: ({ target }) => { target.parentNode.remove(); fill(); } }, `show ${Math.min(MANY, entries.length)} of ${entries.length} more`)));
  };
  const once = () => { if (!list.parentNode) { fill(); details.append(list); } };
  details.addEventListener("toggle", once);
  if (depth < 2) { details.open = true; once(); }
  return details;
}

function leaf(key, value) {
  const kind = value === null ? "null" : value instanceof Exact ? "number" : typeof value;
  const text = value instanceof Exact ? value.source : kind === "string" ? JSON.stringify(value) : String(value);
  const isTime = kind === "number" && value > 1e12 && value < 4e12;
  return el("div.leaf", {}, label(key), outside(text, "span.outside." + kind),
    isTime && el("span.note", {}, "  " + new Date(value).toISOString().slice(0, 19).replace("T", " ") + " UTC"));
}

/* Dead letters */

async function loadLetters() {
  const all = await call("/dead-letters");
  if (JSON.stringify(all.letters) === JSON.stringify(letters) && view === "dead") return;
  letters = all.letters;
  $("dead-count").textContent = all.counts.dead;
  $("letters").replaceChildren(...letters.map(letterRow));
  if (view === "dead") update();
}

const letterRow = (letter) => line(letter.message_id, letter.event_type, letter.died_at_ms, letter.error,
  [pill("bad", `${letter.attempts} attempts`)], () => showLetter(letter.message_id));

async function showLetter(id) {
  select(id);
  const { letter, body: text } = await call("/dead-letters/" + encodeURIComponent(id));
  if (open !== id) return;
  $("detail").replaceChildren(title(letter.event_type ?? "no type", ...letterActions([id])),
    el("section.why", { "aria-label": "Why it failed" }, el("h3", {}, "Failed permanently"), outside(letter.error, "p.outside")),
    facts({ "Message id": outside(id), "Failed": new Date(letter.died_at_ms).toLocaleString(), "Attempts": String(letter.attempts), "Crashes": String(letter.crashes) }),
    body({ body: text }));
}

/** Dropping cannot be undone: it takes a second click. */
function letterActions(ids) {
  const drop = button("Drop", attempt(() => {
    if (drop.dataset.sure) return act("drop", ids);
    drop.dataset.sure = "yes";
    drop.textContent = ids.length === 1 ? "Drop it for good?" : `Drop ${ids.length} for good?`;
  }), "button.danger", { "data-action": "drop" });
  return [button("Requeue", attempt(() => act("requeue", ids)), "button.primary", { "data-action": "requeue" }), drop];
}

async function act(what, ids) {
  const { done, gone } = await call("/dead-letters/" + what, { ids });
  toast(`${done} ${what === "drop" ? "dropped" : "requeued"}` + (gone ? `, ${gone} were gone` : ""));
  for (const id of ids) marked.delete(id);
  if (ids.includes(open)) close();
  await loadLetters();
}

/* Views and keys */

function turnTo(next) {
  view = next;
  for (const name of ["deliveries", "dead"]) $("tab-" + name).setAttribute("aria-pressed", name === next);
  $("filters").hidden = next === "dead";
  $("rows").hidden = next === "dead";
  $("letters").hidden = next !== "dead";
  close();
  unmark();
  update();
  if (next === "dead") attempt(loadLetters)();
}

function close() {
  const row = document.querySelector(".row.open > button");
  select(null);
  document.body.classList.remove("reading");
  welcome();
  row?.focus();
}

function welcome() {
  const keys = { "↑ ↓": "next and previous", "/": "search", "x": "mark", "r": "replay", "Esc": "back to the list" };
  $("detail").replaceChildren(el("div.empty", {}, el("h2", {}, view === "dead" ? "Select a dead letter" : "Select a delivery"),
    settings.service ? ["Replays go to ", outside(settings.service)] : view === "dead" ? outside(settings.queue) : "Its event, headers and verdict appear here.",
    el("div", {}, el("div.keys", {}, Object.entries(keys).flatMap(([key, what]) => [el("span", {}, el("kbd", {}, key)), el("span", {}, what)])))));
}

function move(step) {
  const all = [...document.querySelectorAll(".row")].filter((row) => row.offsetParent);
  const at = all.indexOf(document.activeElement.closest?.(".row") ?? document.querySelector(".row.open"));
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)]?.querySelector("button");
  next?.focus();
  if (matchMedia("(min-width: 761px)").matches) next?.click();
}

document.addEventListener("keydown", (press) => {
  if (press.key === "Escape") { if (document.activeElement === $("text")) $("text").blur(); return close(); }
  if (press.ctrlKey || press.metaKey || press.altKey || press.target.matches("input[type=search]")) return;
  if (press.key !== "/" && press.target.matches("select")) return;
  const does = {
    ArrowDown: () => move(1), j: () => move(1), ArrowUp: () => move(-1), k: () => move(-1),
    "/": () => $("text").focus(),
    x: () => (document.activeElement.closest(".row") ?? document.querySelector(".row.open"))?.querySelector("input").click(),
    r: () => $("replay")?.click(),
  }[press.key];
  if (does && !(press.target.type === "radio" && press.key.startsWith("Arrow"))) { press.preventDefault(); does(); }
});

$("text").addEventListener("input", searchSoon);
$("receiver").addEventListener("click", attempt(() => copy(settings.receiver)));
$("filters").addEventListener("change", update);
$("filters").addEventListener("submit", (submit) => submit.preventDefault());
$("tab-deliveries").addEventListener("click", () => turnTo("deliveries"));
$("tab-dead").addEventListener("click", () => turnTo("dead"));
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = (root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  root.style.colorScheme = isDark ? "light" : "dark";
});
setInterval(() => { if (view === "dead" && !document.hidden && !marked.size) attempt(loadLetters)(); }, 5000);
welcome();
follow();
