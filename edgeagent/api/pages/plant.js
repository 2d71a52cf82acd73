// The plant: where power comes from and goes, what keeps it up, what cools, what is open or leaks. What a pod lacks is absent.

import { at, each, make, say, sayIf } from "./dom.js";
import { brief, kilowatts } from "./words.js";

const SHOWN = 8; // rows of a tile; those that need a look go first
const FINE = new Set(["ok", "clear", "none", "normal", "dry", "closed", "on", "running", "connected", "charged", "present", "no", "starting"]);
const CONTACT = /^(?:.*\.)?(door|leak|smoke|tamper)\b[^/]*\.state$/;
const CONTACTS = { door: ["door", "closed"], leak: ["leak sensor", "dry"], smoke: ["smoke detector", "clear"], tamper: ["tamper contact", "clear"] };
const UNIT = /^unit\.(\d+)\./; // several units behind one gateway

const TILES = [
  ["Energy", { meter: grid, inverter: sun, battery: store, generator: engine }],
  ["Uninterrupted supply", { ups: supply, ats: transfer, dcplant: direct }],
  ["Air cooling", { cooling: air }],
  ["Liquid cooling", { cdu: coolant, water: facility }],
  ["Accelerators", { gpu: cards, npu: cards }],
];

export function drawPlant(pod) {
  const tiles = TILES.map(([title, kinds]) => ({ title, rows: rowsOf(pod, kinds) }));
  const contacts = contactRows(pod);
  if (tiles[0].rows.length) tiles[0].rows.push(racks(pod));
  const shown = [...tiles, { title: "Doors, leaks and smoke", rows: contacts }].filter(({ rows }) => rows.length);
  at("plant").hidden = !shown.length;
  const wrong = shown.flatMap(({ rows }) => rows).filter((row) => row.tone !== "ok").length;
  say(at("plant-aside"), wrong ? `${wrong} not as usual` : "all as usual");
  each(at("plant-tiles"), shown, (tile) => tile.title, makeTile, updateTile);
}

const makeTile = () => make("div", "tile", make("h3"), make("ul", "plain"), make("p", "soft"));

function updateTile(element, { title, rows }) {
  const [head, list, more] = element.children;
  say(head, title);
  const order = rows.length > SHOWN + 1 ? [...rows].sort((a, b) => (a.tone === "ok") - (b.tone === "ok")) : rows;
  const shown = order.slice(0, rows.length > SHOWN + 1 ? SHOWN : rows.length);
  each(list, shown, (row) => row.key, makeRow, updateRow);
  const hidden = order.slice(shown.length);
  const wrong = hidden.filter((row) => row.tone !== "ok").length;
  sayIf(more, hidden.length ? `and ${hidden.length} more, ${wrong ? `${wrong} of them not as usual` : "all as usual"}` : "");
}

const makeRow = () =>
  make("li", "unit", make("i", "shape"), make("b"), make("span", "n"), make("small"), make("div", "bar", make("i")));

function updateRow(element, { tone, name, value, words, share }) {
  const [shape, title, figure, more, bar] = element.children;
  shape.className = `shape ${tone}`;
  say(title, name);
  say(figure, value);
  sayIf(more, words.filter(Boolean).map(unbroken).join(" · "));
  bar.hidden = share === undefined;
  bar.classList.toggle("blind", share === null);
  bar.children[0].style.width = `${share ?? 0}%`;
}

/** Kept on one line: a figure without its unit reads badly. */
const unbroken = (text) => (text.length < 24 ? text.replaceAll(" ", "\u00a0") : text);

/** One row for each device of these kinds, or for each unit behind it; one that does not answer says so. */
function rowsOf(pod, kinds) {
  return Object.entries(kinds).flatMap(([kind, tell]) =>
    pod.status.devices.filter((one) => one.kind === kind).flatMap((device) => unitsOf(pod, device).map((prefix) => {
      const name = prefix ? `${device.device} ${prefix.split(".")[1]}` : device.device;
      const row = { key: `${device.device}/${prefix}`, name, value: "", words: [], tone: "ok" };
      if (device.state === "connecting") return { ...row, value: "connecting", tone: "wait" };
      if (device.state !== "online") return { ...row, value: device.state, words: ["what it shows is not known"], tone: "warn" };
      return { ...row, ...tell(reader(pod, `${device.device}/${prefix}`), pod) };
    })));
}

function unitsOf(pod, { device }) {
  const found = pod.perImage(`units ${device}`, () => {
    const numbers = [...pod.points.values()].filter((one) => one.device === device).map((one) => one.name.match(UNIT)?.[1]);
    return [...new Set(numbers.filter(Boolean))].sort((a, b) => a - b);
  });
  return found.length ? found.map((number) => `unit.${number}.`) : [""];
}

/** Asks for the points of one device by their names; what is not known is null, in figures and in words. */
function reader(pod, prefix) {
  const number = (name) => pod.number(prefix + name);
  const word = (name) => {
    const point = pod.points.get(prefix + name);
    return point?.quality === "GOOD" ? String(point.value).replaceAll("_", " ") : null;
  };
  return {
    number,
    word,
    has: (name) => pod.points.has(prefix + name),
    first: (...names) => names.map(number).find((value) => value !== null) ?? null,
    /** A figure with its unit, or nothing. */
    told: (name, before = "", after = "") => {
      const point = pod.points.get(prefix + name);
      return number(name) === null ? "" : `${before}${brief(point.value, point.unit)}${after}`;
    },
    /** An alarm's word where it is not a quiet one. */
    alarm: (name) => (word(name) === null || FINE.has(word(name)) ? "" : `alarm: ${word(name)}`),
  };
}

const watts = (value) => (value === null ? "unknown" : kilowatts(Math.abs(value)));
const toneOf = (...troubles) => (troubles.some(Boolean) ? "warn" : "ok");
const flow = (value, out, into) => (value === null ? "" : Math.abs(value) < 10 ? "idle" : value > 0 ? out : into);
const percent = (value) => (value === null ? null : Math.max(0, Math.min(100, value)));
const span = (one, from, to) => (one.told(from) && one.told(to) ? `${one.told(from).replace(" °C", "")} → ${one.told(to)}` : one.told(from) || one.told(to));

function grid(one) {
  const power = one.number("power");
  const dead = one.first("voltage", "phase.1.voltage") === 0 ? "no voltage" : "";
  return { value: watts(power), words: [dead || flow(power, "from the grid", "to the grid"), one.told("frequency")], tone: toneOf(dead, power === null) };
}

function sun(one) {
  const power = one.first("ac.power", "inverter.ac.power");
  const state = one.word("state");
  const odd = ["fault", "throttled"].includes(state) ? state : "";
  return { value: watts(power), words: ["from the sun", odd], tone: toneOf(odd, power === null) };
}

function store(one) {
  const power = one.number("power");
  const charge = one.number("charge");
  const odd = one.alarm("status");
  const words = [flow(power, "discharging", "charging"), charge === null ? "charge unknown" : `${Math.round(charge)} % charged`, one.told("available_energy"), odd];
  return { value: watts(power), words, share: percent(charge), tone: toneOf(odd, charge === null, power === null) };
}

function engine(one) {
  const state = one.word("engine.state");
  const fuel = one.number("fuel.level");
  return { value: state === "stopped" ? "stopped" : watts(one.number("power")),
    words: [state === "stopped" ? "" : (state ?? "state unknown"), one.told("fuel.level", "", " fuel")], tone: toneOf(state === null, fuel !== null && fuel < 20) };
}

function racks(pod) {
  const { total } = pod.sum(pod.site.feeds.flatMap((feed) => feed.power));
  return { key: "racks", name: "Racks", value: watts(total), words: ["taken by the rack PDUs"], tone: total === null ? "warn" : "ok" };
}

const SOURCES = { normal: "on mains", battery: "on battery", bypass: "on bypass", off: "off" };

function supply(one) {
  const source = one.word("output.source");
  const charge = one.number("battery.charge");
  const odd = source !== null && source !== "normal" ? source : "";
  const replace = one.alarm("battery.replace") && "replace its battery";
  const words = [charge === null ? "charge unknown" : `${Math.round(charge)} %`, one.told("battery.runtime", "", " left"), one.told("output.1.load", "load "), replace];
  return { value: SOURCES[source] ?? source ?? "source unknown", words, share: percent(charge), tone: toneOf(odd, replace, source === null) };
}

/** A source without voltage is as it should be where it is a generator that stands by. */
function transfer(one, pod) {
  const source = one.word("source.selected");
  const away = source !== null && one.word("source.preferred") !== null && source !== one.word("source.preferred") ? "not the preferred one" : "";
  const failed = ["a", "b"].filter((name) => one.word(`source.${name}.state`) === "fail").map((name) => `source ${name.toUpperCase()} without voltage`);
  const isStandby = failed.length === 1 && !away && pod.status.devices.some((device) => device.kind === "generator");
  return { value: source === null ? "source unknown" : `on source ${source.toUpperCase()}`, words: [away, ...failed], tone: toneOf(away, failed.length && !isStandby, source === null) };
}

function direct(one) {
  const mains = one.word("mains.state");
  const odd = mains === null || FINE.has(mains) ? "" : `mains ${mains}`;
  const open = one.word("lvd.state") === "open" ? "loads disconnected" : "";
  const words = [one.told("load.current", "load "), one.told("battery.charge", "battery "), odd, open];
  return { value: one.told("voltage") || "unknown", words, share: percent(one.number("battery.charge")), tone: toneOf(odd, open, one.number("voltage") === null) };
}

function air(one) {
  const state = one.word("unit.state");
  const odd = one.alarm("unit.alarm");
  const words = [span(one, "supply_air.temperature", "return_air.temperature"), one.told("cooling.power", "", " of heat"), one.told("fan.1.speed", "fan "), odd];
  return { value: state ?? "state unknown", words, tone: toneOf(odd, state === null || state === "off") };
}

function coolant(one) {
  const state = one.word("unit.state");
  const odd = one.alarm("unit.alarm");
  const words = [span(one, "secondary.supply.temperature", "secondary.return.temperature"), one.told("secondary.flow"), one.told("cooling.power", "", " of heat"), odd];
  return { value: state ?? one.told("secondary.flow"), words, tone: toneOf(odd, state === "off") };
}

function facility(one) {
  const odd = one.alarm("unit.alarm");
  return { value: one.told("flow") || "flow unknown", words: [span(one, "supply.temperature", "return.temperature"), one.told("tank.1.level", "tank "), odd],
    tone: toneOf(odd, one.number("flow") === null) };
}

/** All cards of one device together: power is added up, of heat and work the most is told. */
function cards(one) {
  const numbers = [];
  while (one.has(`gpu.${numbers.length}.power`) || one.has(`npu.${numbers.length}.power`)) numbers.push(numbers.length);
  const all = (what) => numbers.map((number) => one.first(`gpu.${number}.${what}`, `npu.${number}.${what}`));
  const known = (what) => all(what).filter((value) => value !== null);
  const power = all("power");
  const total = power.includes(null) || !power.length ? null : power.reduce((sum, value) => sum + value, 0);
  const most = (what, unit) => (known(what).length ? `up to ${Math.round(Math.max(...known(what)))} ${unit}` : "");
  const lost = one.number("gpus.lost") ? `${one.number("gpus.lost")} lost` : "";
  return { value: watts(total), words: [`${numbers.length} ${numbers.length === 1 ? "card" : "cards"}`, most("temperature", "°C"), most("utilisation", "% busy"), lost],
    tone: toneOf(lost, total === null) };
}

/** Every door, leak sensor and smoke detector of the pod, whichever device tells of it: one row a sort, and the odd ones by name. */
function contactRows(pod) {
  const points = pod.perImage("contacts", () => [...pod.points.values()].filter((one) => one.kind === "State" && CONTACT.test(one.name)));
  return Object.entries(CONTACTS).flatMap(([sort, [noun, quiet]]) => {
    const mine = points.filter((one) => one.name.match(CONTACT)[1] === sort && one.reason !== "not_given");
    if (!mine.length) return [];
    const odd = mine.filter((one) => one.quality !== "GOOD" || one.value !== quiet);
    const what = ({ quality, value, id }) => `${id.replace(/\.state$/, "")} ${quality === "GOOD" ? value : "unknown"}`;
    const bad = odd.some((one) => one.quality === "GOOD" && sort !== "door");
    return [{ key: sort, name: `${mine.length} ${noun}${mine.length === 1 ? "" : "s"}`, value: odd.length ? `${mine.length - odd.length} ${quiet}` : `all ${quiet}`,
      words: odd.slice(0, 4).map(what).concat(odd.length > 4 ? [`and ${odd.length - 4} more`] : []), tone: !odd.length ? "ok" : bad ? "crit" : "warn" }];
  });
}
