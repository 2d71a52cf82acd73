// The points: faults first, found by a part of their name.

import { at, change, each, make, rowHead, say } from "./dom.js";
import { count, duration, quality, quantity } from "./words.js";

const SHOWN = 40;
const wanted = { text: "", all: false };
let order = [];

/** Faults first; the many points of a silent device come after what single sensors say. */
function rank(point, silent) {
  if (point.quality === "GOOD") return 3;
  return silent.has(point.device) ? 2 : point.quality === "BAD" ? 0 : 1;
}

export function sortPoints(pod) {
  const key = new Set([...pod.site.racks.map((rack) => rack.inlet), ...pod.site.feeds.flatMap((feed) => feed.power)]);
  const silent = new Set(pod.status.devices.filter((one) => one.state !== "online").map((one) => one.device));
  order = [...pod.points.values()].map((point) => [rank(point, silent), key.has(point.id) ? 0 : 1, point])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2].id.localeCompare(b[2].id, "en", { numeric: true }))
    .map(([, , point]) => point);
}

export function drawPoints(pod) {
  const text = wanted.text.toLowerCase();
  const found = text ? order.filter((point) => `${point.id} ${point.kind}`.toLowerCase().includes(text)) : order;
  const shown = wanted.all ? found : found.slice(0, SHOWN);
  const faults = found.filter((point) => point.quality !== "GOOD").length;
  say(at("points-aside"), `${faults ? `${count(faults)} not good · ` : ""}showing ${count(shown.length)} of ${count(found.length)}, faults first`);
  at("more").hidden = found.length <= SHOWN;
  say(at("more"), wanted.all ? `Show ${SHOWN}` : `Show all ${count(found.length)}`);
  each(at("rows"), shown, (point) => point.id, makePoint, (element, point) => updatePoint(element, point, pod));
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
  how.children[0].className = `shape ${good ? "ok" : "warn"}`;
  say(how.children[1], quality(point));
  say(source, point.source);
}

/** The form above the table. */
export function listenToForm(pod) {
  at("filter").addEventListener("input", (event) => { wanted.text = event.target.value.trim(); drawPoints(pod); });
  at("find").addEventListener("submit", (event) => event.preventDefault());
  at("more").addEventListener("click", () => { wanted.all = !wanted.all; drawPoints(pod); });
}
