// The devices, and the way to the NOC.

import { at, change, each, make, rowHead, say } from "./dom.js";
import { kindName, kindPlace } from "./kinds.js";
import { gathered } from "./pod.js";
import { finder } from "./points.js";
import { count, duration, listed, several } from "./words.js";

const MANY = 12; // with more devices, those of a kind are one row
const TONES = { online: "ok", connecting: "wait", offline: "warn" };
const opened = new Set();

export function drawDevices(pod) {
  const { devices } = pod.status;
  const well = devices.filter((one) => one.state === "online").length;
  say(at("devices-aside"), `${well} of ${devices.length} answer`);
  each(at("devices"), rowsOf(devices), (row) => row.key, (row) => (row.kind ? makeKind(row, pod) : makeDevice()), (element, row) =>
    row.kind ? updateKind(element, row) : updateDevice(element, row.one, pod));
}

const need = (one) => (one.state !== "online" ? 0 : one.faults ? 1 : 2);
const byName = new Intl.Collator("en", { numeric: true });

/** What needs a look, then the others; where there are many, several of a kind are one row that opens. */
function rowsOf(devices) {
  const order = [...devices].sort((a, b) => need(a) - need(b) || kindPlace(a.kind) - kindPlace(b.kind) || byName.compare(a.device, b.device));
  const rows = (some) => some.map((one) => ({ key: one.device, one }));
  if (devices.length <= MANY) return rows(order);
  const kinds = gathered(order.filter((one) => need(one) === 2), (one) => one.kind);
  return [...rows(order.filter((one) => need(one) < 2)), ...[...kinds].flatMap(([kind, some]) =>
    some.length === 1 ? rows(some) : [{ key: `kind ${kind}`, kind, some }, ...(opened.has(kind) ? rows(some) : [])])];
}

function makeKind({ kind }, pod) {
  const button = make("button", "opener", make("span", "mark"), make("span"));
  button.type = "button";
  button.addEventListener("click", () => {
    if (!opened.delete(kind)) opened.add(kind);
    drawDevices(pod);
  });
  return make("tr", "", rowHead(button), make("td", "state", make("i", "shape ok"), make("span", "", "online")), make("td", "n"),
    make("td", "wrap soft"), make("td", "hide"), make("td", "n hide"), make("td", "n hide"));
}

function updateKind(element, { kind, some }) {
  const [head, , , about, model, points, took] = element.children;
  const [button] = head.children;
  button.setAttribute("aria-expanded", opened.has(kind));
  say(button.children[0], opened.has(kind) ? "▾" : "▸");
  say(button.children[1], `${some.length} ${kindName(kind, some.length)}`);
  say(about, listed(some.map((one) => one.device), 4));
  say(model, listed([...new Set(some.map(modelOf))].sort(byName.compare), 3));
  say(points, count(some.reduce((sum, one) => sum + one.points, 0)));
  say(took, milliseconds(Math.max(...some.map((one) => one.last_duration_s ?? 0))));
}

const makeDevice = () =>
  make("tr", "", rowHead(finder()), make("td", "state", make("i", "shape"), make("span")), make("td", "n"), make("td", "wrap"),
    make("td", "hide"), make("td", "n hide"), make("td", "n hide"));

function updateDevice(element, one, pod) {
  const [name, state, since, about, model, points, took] = element.children;
  const why = one.message || (one.faults ? `${several(one.faults, "point")} without a good reading` : "");
  say(name.children[0], one.device);
  state.children[0].className = `shape ${need(one) === 1 ? "warn" : (TONES[one.state] ?? "crit")}`;
  say(state.children[1], one.state);
  say(since, duration(one.for_s + pod.nowS - pod.status.atS));
  say(about, why || kindName(one.kind));
  about.classList.toggle("soft", !why);
  say(model, modelOf(one));
  say(points, count(one.points - one.not_given));
  points.title = one.not_given ? `and ${several(one.not_given, "point")} that it does not give` : "";
  say(took, one.last_duration_s === null ? "–" : milliseconds(one.last_duration_s));
}

const modelOf = ({ vendor, model }) => `${vendor} ${model}`.trim();
const milliseconds = (seconds) => (seconds < 0.001 ? "under 1 ms" : `${Math.round(seconds * 1000)} ms`);

export function drawNoc(pod) {
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

const makeStream = () => make("tr", "", rowHead(), make("td", "n"), make("td", "n"), make("td", "n"));
