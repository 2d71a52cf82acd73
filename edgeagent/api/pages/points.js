// The points: faults first, found by words of their name or kind.

import { at, change, each, make, rowHead, say } from "./dom.js";
import { kindName } from "./kinds.js";
import { count, duration, quality, quantity } from "./words.js";

const SHOWN = 40;
const MOST = 400; // rows that stay quick; who wants more narrows the search, or asks the command line
const RANKS = { fault: 0, uncertain: 1, silent: 2, good: 3, notGiven: 4 };
const wanted = { words: [], all: false };
let order = [];

/** Faults first; the many points of a silent device come after what single sensors say, and last what no device gives. */
function rank(point, silent) {
  if (point.quality === "GOOD") return RANKS.good;
  if (point.reason === "not_given") return RANKS.notGiven;
  return silent.has(point.device) ? RANKS.silent : point.quality === "BAD" ? RANKS.fault : RANKS.uncertain;
}

export function sortPoints(pod) {
  const silent = new Set(pod.status.devices.filter((one) => one.state !== "online").map((one) => one.device));
  const ranks = Object.values(RANKS).map(() => []);
  for (const point of byName(pod)) ranks[rank(point, silent)].push(point);
  order = ranks.flat();
}

/** What the pod is judged by first, then by name; sorting thousands takes a while, and their names do not change. */
function byName(pod) {
  const key = new Set([...pod.site.racks.map((rack) => rack.inlet), ...pod.site.feeds.flatMap((feed) => feed.power)]);
  const all = pod.perImage("points by name", () => {
    const collator = new Intl.Collator("en", { numeric: true });
    return [...pod.points.values()].sort((a, b) => collator.compare(a.id, b.id));
  });
  return [...all.filter((one) => key.has(one.id)), ...all.filter((one) => !key.has(one.id))];
}

export function drawPoints(pod) {
  const found = wanted.words.length ? order.filter((point) => isFound(point, pod)) : order;
  const shown = found.slice(0, wanted.all ? MOST : SHOWN);
  const faults = found.filter((point) => point.quality !== "GOOD" && point.reason !== "not_given").length;
  const most = wanted.all && found.length > MOST ? "; narrow the search for the others" : "";
  say(at("points-aside"), `${faults ? `${count(faults)} not good · ` : ""}showing ${count(shown.length)} of ${count(found.length)}, faults first${most}`);
  at("more").hidden = found.length <= SHOWN;
  say(at("more"), wanted.all ? `Show ${SHOWN}` : `Show ${found.length > MOST ? count(MOST) : `all ${count(found.length)}`}`);
  each(at("rows"), shown, (point) => point.id, makePoint, (element, point) => updatePoint(element, point, pod));
}

/** Each word stands in its name, its kind or that of its device. */
function isFound(point, pod) {
  const kinds = pod.perImage("kinds", () => new Map(pod.status.devices.map((one) => [one.device, `${one.kind} ${kindName(one.kind)}`])));
  point.text ??= `${point.id} ${point.kind} ${kinds.get(point.device) ?? ""}`.toLowerCase();
  return wanted.words.every((word) => point.text.includes(word));
}

const makePoint = () =>
  make("tr", "", rowHead(make("span", "device"), make("span")), make("td", "n"), make("td", "n"),
    make("td", "quality", make("i", "shape"), make("span")), make("td", "source hide"));

function updatePoint(element, point, pod) {
  const [name, value, age, how, source] = element.children;
  name.title = point.id;
  const good = point.quality === "GOOD";
  const old = point.value === null && point.last !== null;
  element.className = good ? "" : "old";
  say(name.children[0], `${point.device}/`);
  say(name.children[1], point.name);
  change(value, `${old ? "last " : ""}${quantity(old ? point.last : point.value, point.unit, point.kind)}`);
  value.title = point.source ? `${point.raw === null ? "" : `raw ${point.raw} `}from ${point.source}` : "";
  say(age, duration(pod.ageS(point)));
  how.children[0].className = `shape ${good ? "ok" : point.reason === "not_given" ? "wait" : "warn"}`;
  say(how.children[1], quality(point));
  say(source, point.source);
}

/** A button with a device's name that shows its points. */
export function finder() {
  const button = make("button", "link");
  button.type = "button";
  button.title = "Show its points";
  button.addEventListener("click", () => {
    at("filter").value = `${button.textContent}/`;
    at("filter").dispatchEvent(new Event("input"));
    at("points").scrollIntoView();
    at("points").focus({ preventScroll: true });
  });
  return button;
}

/** The form above the table. */
export function listenToForm(pod) {
  at("filter").addEventListener("input", (event) => {
    wanted.words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    drawPoints(pod);
  });
  at("find").addEventListener("submit", (event) => event.preventDefault());
  at("more").addEventListener("click", () => { wanted.all = !wanted.all; drawPoints(pod); });
}
