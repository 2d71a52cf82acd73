// The page: events in, drawings out. Nothing here acts on the pod.

import { chart } from "./chart.js";
import { Pod } from "./pod.js";
import { celsius, clock, count, duration, kilowatts, quality, quantity, several } from "./words.js";

const SILENT_S = 12; // the pod speaks at least every 5 s
const SHOWN = 40;
const MAX_HISTORIES = 128;
const pod = new Pod();
const at = (id) => document.getElementById(id);
const wanted = { text: "", all: false };

/** An element with a class and children; text is never read as markup. */
function make(name, kind, ...children) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...children);
  return made;
}

/** Change a text only where it differs: a screen reader and the eye see what changed, and nothing else. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Children of `parent` by key: made once, updated after, in the order of `items`. */
function each(parent, items, key, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const name = key(item);
    const child = known.get(name) ?? create(item);
    known.delete(name);
    child.dataset.key = name;
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
    update(child, item, index); // in its place already: a chart asks how wide it is
  });
  for (const gone of known.values()) gone.remove();
}

function drawHead() {
  const { status } = pod;
  const lost = pod.silentS > SILENT_S;
  document.documentElement.classList.toggle("lost", lost);
  const { site, name } = status.pod;
  say(at("where"), `${site} · ${name}${pod.site.racks.length ? ` · ${several(pod.site.racks.length, "rack")}` : ""}`);
  say(at("sentence"), lost ? "This page does not hear the pod: what it shows is old." : status.headline);
  const well = status.headline.startsWith("Nothing");
  document.title = lost ? `${name}: not heard` : well ? `${name}: well` : `${name}: needs a look`;
  const chips = [linkChip(), pointsChip(), ...partChips()];
  if (lost) chips.unshift(["warn", "Not heard", `for ${duration(pod.silentS)}; this page keeps trying`]);
  each(at("chips"), chips, (chip) => chip[1].replace(/[\d,]+ /, ""), () => chip(), updateChip);
}

const chip = () => make("li", "chip", make("i", "shape"), make("b"), make("small"));

function updateChip(element, [tone, word, more]) {
  element.children[0].className = `shape ${tone}`;
  say(element.children[1], word);
  say(element.children[2], more);
}

function linkChip() {
  const { link, journal, atS } = pod.status;
  const kept = Object.values(journal).reduce((sum, one) => sum + one.pending, 0);
  const forS = link.for_s + pod.nowS - atS;
  if (link.state === "connected") return ["ok", "NOC online", `${duration(forS)} · ${several(kept, "record")} on the way`];
  return ["warn", link.state === "disconnected" ? "NOC offline" : `NOC ${link.state}`, `${duration(forS)} · ${several(kept, "record")} kept`];
}

/** A silent device is one thing to look at, and not as many sensor faults as it has points. */
function pointsChip() {
  const { devices } = pod.status;
  const faults = (online) => devices.reduce((sum, one) => sum + ((one.state === "online") === online ? one.faults : 0), 0);
  const [sensors, silent] = [faults(true), faults(false)];
  const words = [sensors && several(sensors, "sensor fault"), silent && `${count(silent)} without an answer`].filter(Boolean);
  return [words.length ? "warn" : "ok", several(pod.points.size, "point"), words.join(" · ") || "all good"];
}

const partChips = () =>
  pod.status.conditions
    .filter((one) => one.level !== "ok" && one.part !== "uplink")
    .map((one) => [one.level === "failed" ? "crit" : "warn", `${one.part} ${one.level}`, one.message]);

function drawPower() {
  const feeds = pod.site.feeds.filter((feed) => feed.power.length);
  at("power").hidden = !feeds.length;
  if (!feeds.length) return;
  const all = pod.sum(feeds.flatMap((feed) => feed.power));
  const total = at("power-total");
  if (!total.children.length) total.append(make("span"), " ", make("small"));
  say(total.children[0], all.total === null ? "unknown" : kilowatts(all.total).replace(" kW", ""));
  say(total.children[1], all.total === null ? `${kilowatts(all.known)} of it known` : "kW at the racks");
  const totals = feeds.map((feed) => pod.sum(feed.power).total);
  const scale = all.total ?? Math.max(0, ...totals) * feeds.length;
  each(at("feeds"), feeds, (feed) => feed.name, makeFeed, (element, feed, index) => updateFeed(element, feed, index, all, scale));
  say(at("power-aside"), `${several(feeds.length, "feed")}`);
}

const makeFeed = () =>
  make("div", "", make("div", "row", make("span"), make("span")), make("div", "bar", make("i")));

function updateFeed(element, feed, index, all, scale) {
  const [row, bar] = element.children;
  const { total, known, of } = pod.sum(feed.power);
  say(row.children[0], `Feed ${feed.name}`);
  const share = total !== null && all.total ? ` · ${Math.round((100 * total) / all.total)} %` : "";
  const part = of ? `unknown · ${kilowatts(known)} from ${of} of ${feed.power.length} PDUs` : "unknown";
  say(row.children[1], total === null ? part : kilowatts(total) + share);
  bar.classList.toggle("blind", total === null);
  bar.children[0].className = `f${index % 3}`;
  bar.children[0].style.width = total === null || !scale ? "0" : `${(100 * total) / scale}%`;
}

function drawRacks() {
  at("racks").hidden = !pod.site.racks.length;
  each(at("strip"), pod.site.racks, (rack) => rack.name, makeRack, updateRack);
}

const makeRack = () => make("li", "rack", make("span"), make("b", "cell"), make("small"));

function updateRack(element, rack) {
  const [name, cell, note] = element.children;
  const value = rack.inlet ? pod.number(rack.inlet) : null;
  const power = pod.sum(rack.power).total;
  say(name, rack.name.replace(/^rack-/, ""));
  name.title = rack.name;
  change(cell, value === null ? (rack.inlet ? "fault" : "no probe") : celsius(value));
  for (const kind of ["t1", "t2", "t3", "t4", "t5", "blind"]) cell.classList.toggle(kind, kind === warmth(value));
  const since = rack.inlet && value === null ? blindFor(rack.inlet) : warmWord(value);
  say(note, since || (rack.power.length ? (power === null ? "power unknown" : kilowatts(power)) : ""));
}

function blindFor(id) {
  const age = pod.points.has(id) ? pod.ageS(pod.points.get(id)) : null;
  return age === null ? "no reading" : `no reading ${duration(age)}`;
}

/** ASHRAE TC 9.9: recommended 18 to 27 °C for all classes, allowable to 32 °C for class A1. */
function warmth(value) {
  if (value === null) return "blind";
  return value < 21 ? "t1" : value < 25 ? "t2" : value <= 27 ? "t3" : value <= 32 ? "t4" : "t5";
}

const warmWord = (value) => (value === null ? "" : value < 18 ? "▼ cool" : value > 32 ? "◆ too hot" : value > 27 ? "▲ warm" : "");

/** Say, and let the eye find it. */
function change(element, text) {
  if (element.textContent === text) return;
  const first = element.textContent === "";
  element.textContent = text;
  if (first) return;
  element.classList.remove("flash");
  void element.offsetWidth; // starts the animation anew
  element.classList.add("flash");
}

const plots = () => [
  ...pod.site.racks.filter((rack) => rack.inlet).map((rack) => ({ title: `${rack.name} inlet`, ids: [rack.inlet], warm: true, tone: "temp" })),
  ...pod.site.feeds.map((feed, index) => ({ title: `Feed ${feed.name}`, ids: feed.power, warm: false, tone: `f${index % 3}` })),
].map((plot) => ({ ...plot, values: pod.past(plot.ids) })).filter((plot) => plot.values);

function drawCharts() {
  const drawn = plots();
  at("charts").hidden = !drawn.length;
  if (!drawn.length) return;
  const begins = Math.min(...drawn.map((plot) => plot.values.findIndex((value) => value !== null)).map((first) => (first < 0 ? Infinity : first)));
  const slots = drawn[0].values.length;
  const shown = Math.min(slots, Math.max(30, slots - begins)); // 5 minutes at least, an hour at most
  const minutes = Math.round(((Number.isFinite(shown) ? shown : 30) * pod.stepS) / 60);
  say(at("charts-aside"), `last ${minutes >= 60 ? "hour" : `${minutes} min`} · a gap is a gap`);
  const cut = drawn.map((plot) => ({ ...plot, values: plot.values.slice(-shown) }));
  const warm = extent(cut.filter((plot) => plot.warm), 1);
  const range = [Math.min(20, warm[0]), Math.max(28.5, warm[1])];
  const power = extent(cut.filter((plot) => !plot.warm), 0.05);
  each(at("plots"), cut, (plot) => plot.title, makePlot, (element, plot) => updatePlot(element, plot, plot.warm ? range : power));
}

function extent(drawn, pad) {
  const values = drawn.flatMap((plot) => plot.values).filter((value) => value !== null);
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return pad < 1 ? [Math.max(0, low - Math.max(high - low, high * pad)), high + Math.max(high - low, high * pad)] : [low - pad, high + pad];
}

function makePlot() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("role", "img");
  const figure = make("figure", "", make("figcaption", "", make("b"), make("span")), svg);
  svg.addEventListener("pointermove", (event) => { figure.pointer = event.offsetX; figure.redraw(); });
  svg.addEventListener("pointerleave", () => { figure.pointer = null; figure.redraw(); });
  return figure;
}

function updatePlot(element, plot, range) {
  element.redraw = () => updatePlot(element, plot, range);
  const [caption, svg] = element.children;
  const format = plot.warm ? (value) => `${value}` : (value) => `${+(value / 1000).toFixed(2)}`;
  const told = (value) => (value === null ? "no reading" : plot.warm ? `${celsius(value)} °C` : kilowatts(value));
  const known = plot.values.filter((value) => value !== null);
  const ageS = pod.nowS - pod.endS;
  const span = known.length ? `${told(Math.min(...known))} to ${told(Math.max(...known))}` : "nothing read";
  const lines = plot.warm ? [[27, "recommended 27", "warn"], [32, "allowable 32", "crit"]] : [];
  const pointed = chart(svg, { values: plot.values, stepS: pod.stepS, ageS, range, format, tone: plot.tone, lines,
    pointer: element.pointer ?? null, label: `${plot.title}: now ${told(plot.values.at(-1))}; ${span}` });
  const shown = pointed ?? plot.values.length - 1;
  const when = pointed === null ? "" : ` at ${clock(new Date(Date.now() - (ageS + (plot.values.length - 1 - shown) * pod.stepS) * 1000))}`;
  say(caption.children[0], plot.title);
  say(caption.children[1], told(plot.values[shown]) + when);
  caption.children[1].className = plot.values[shown] === null ? "old" : "";
}

const TONES = { online: "ok", connecting: "wait", offline: "warn" };

function drawDevices() {
  const { devices, atS } = pod.status;
  const need = (one) => (one.state !== "online" ? 0 : one.faults ? 1 : 2);
  const rows = [...devices].sort((a, b) => need(a) - need(b) || a.device.localeCompare(b.device, "en", { numeric: true }));
  const well = devices.filter((one) => one.state === "online").length;
  say(at("devices-aside"), `${well} of ${devices.length} answer`);
  each(at("devices"), rows, (one) => one.device, makeDevice, (element, one) => {
    const [name, state, since, why, model, points, took] = element.children;
    say(name, one.device);
    state.children[0].className = `shape ${need(one) === 1 ? "warn" : (TONES[one.state] ?? "crit")}`;
    say(state.children[1], one.state);
    say(since, duration(one.for_s + pod.nowS - atS));
    say(why, one.message || (one.faults ? several(one.faults, "point") + " without a good reading" : ""));
    say(model, `${one.vendor} ${one.model}`.trim());
    say(points, count(one.points));
    say(took, one.last_duration_s === null ? "–" : one.last_duration_s < 0.001 ? "under 1 ms" : `${Math.round(one.last_duration_s * 1000)} ms`);
  });
}

const makeDevice = () => {
  const name = make("th", "");
  name.scope = "row";
  return make("tr", "", name, make("td", "state", make("i", "shape"), make("span")), make("td", "n"), make("td", "wrap"),
    make("td", "hide"), make("td", "n hide"), make("td", "n hide"));
};

function drawNoc() {
  const { link, journal, version, uptime_s, atS } = pod.status;
  const later = pod.nowS - atS;
  const ack = link.last_ack_age_s === null ? "has acknowledged nothing yet" : `acknowledged ${duration(link.last_ack_age_s + later)} ago`;
  say(at("noc-aside"), `${link.state} for ${duration(link.for_s + later)}`);
  say(at("noc"), `${link.broker}; the NOC ${ack}.`);
  each(at("journal"), Object.values(journal), (one) => one.stream, makeStream, (element, one) => {
    const lost = Object.entries(one.dropped);
    const [name, kept, sent, gone] = element.children;
    say(name, one.stream);
    change(kept, count(one.pending));
    say(sent, count(one.acknowledged));
    say(gone, count(lost.reduce((sum, [, number]) => sum + number, 0)));
    gone.title = lost.map(([reason, number]) => `${count(number)} ${reason}`).join(", ");
  });
  say(at("agent"), `edgeagent ${version}, up ${duration(uptime_s + later)}`);
}

const makeStream = () => {
  const name = make("th", "");
  name.scope = "row";
  return make("tr", "", name, make("td", "n"), make("td", "n"), make("td", "n"));
};

let order = [];

/** Faults first; the many points of a silent device come after what single sensors say. */
function rank(point, silent) {
  if (point.quality === "GOOD") return 3;
  return silent.has(point.device) ? 2 : point.quality === "BAD" ? 0 : 1;
}

function sortPoints() {
  const key = new Set([...pod.site.racks.map((rack) => rack.inlet), ...pod.site.feeds.flatMap((feed) => feed.power)]);
  const silent = new Set(pod.status.devices.filter((one) => one.state !== "online").map((one) => one.device));
  order = [...pod.points.values()].map((point) => [rank(point, silent), key.has(point.id) ? 0 : 1, point])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2].id.localeCompare(b[2].id, "en", { numeric: true }))
    .map(([, , point]) => point);
}

function drawPoints() {
  const text = wanted.text.toLowerCase();
  const found = text ? order.filter((point) => `${point.id} ${point.kind}`.toLowerCase().includes(text)) : order;
  const shown = wanted.all ? found : found.slice(0, SHOWN);
  const faults = found.filter((point) => point.quality !== "GOOD").length;
  say(at("points-aside"), `${faults ? `${count(faults)} not good · ` : ""}showing ${count(shown.length)} of ${count(found.length)}, faults first`);
  at("more").hidden = found.length <= SHOWN;
  say(at("more"), wanted.all ? `Show ${SHOWN}` : `Show all ${count(found.length)}`);
  each(at("rows"), shown, (point) => point.id, makePoint, updatePoint);
}

const makePoint = () => {
  const name = make("th", "", make("span", "device"), make("span"));
  name.scope = "row";
  return make("tr", "", name, make("td", "n"), make("td", "n"), make("td", "quality", make("i", "shape"), make("span")), make("td", "source hide"));
};

function updatePoint(element, point) {
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

/** Only the ages and what hangs on time; everything else is drawn when an event says so. */
function draw() {
  if (!pod.status) return;
  drawHead();
  drawPower();
  drawRacks();
  drawDevices();
  drawNoc();
  drawPoints();
}

async function fetchRest() {
  const json = async (path) => (await fetch(path)).json();
  pod.site = await json("/v1/site");
  const ids = new Set([...pod.site.racks.map((rack) => rack.inlet), ...pod.site.feeds.flatMap((feed) => feed.power)]);
  const known = [...ids].filter((id) => pod.points.has(id)).slice(0, MAX_HISTORIES);
  pod.history.clear();
  if (known.length) {
    const past = await json(`/v1/history?${known.map((id) => `point=${encodeURIComponent(id)}`).join("&")}`);
    [pod.stepS, pod.endS] = [past.step_s, past.end_s];
    for (const [id, values] of Object.entries(past.points)) if (values) pod.history.set(id, values);
  }
  sortPoints();
  draw();
  drawCharts();
}

function listen() {
  const events = new EventSource("/v1/events");
  events.addEventListener("full", (event) => {
    pod.full(JSON.parse(event.data));
    sortPoints();
    draw();
    fetchRest().catch(() => {}); // the next full event asks again
  });
  events.addEventListener("change", (event) => {
    const body = JSON.parse(event.data);
    pod.change(body);
    if (body.points || body.status) sortPoints();
    draw();
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000); // refused: it would not try again by itself
  });
}

at("filter").addEventListener("input", (event) => { wanted.text = event.target.value.trim(); drawPoints(); });
at("find").addEventListener("submit", (event) => event.preventDefault());
at("more").addEventListener("click", () => { wanted.all = !wanted.all; drawPoints(); });
new ResizeObserver(drawCharts).observe(at("plots"));
setInterval(() => {
  if (pod.grow()) drawCharts();
  if (pod.silentS > 1.5) draw(); // no event drew the ages
}, 1000);
listen();
