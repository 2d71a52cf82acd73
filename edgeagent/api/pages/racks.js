// The racks: how warm the air is that each one takes in, and what is off or locked there.

import { at, each, make, say, sayIf } from "./dom.js";
import { gathered } from "./pod.js";
import { celsius, count, duration, kilowatts } from "./words.js";

export function drawRacks(pod) {
  at("racks").hidden = !pod.site.racks.length;
  each(at("strip"), pod.site.racks, (rack) => rack.name, makeRack, (element, rack) => updateRack(element, rack, pod));
}

const makeRack = () => make("li", "rack", make("span"), make("b", "cell"), make("small"), make("small", "acts"));

function updateRack(element, rack, pod) {
  const [name, cell, note, acts] = element.children;
  const value = rack.inlet ? pod.number(rack.inlet) : null;
  const power = pod.sum(rack.power).total;
  say(name, rack.name.replace(/^rack-/, ""));
  name.title = rack.name;
  say(cell, value === null ? (rack.inlet ? "fault" : "no probe") : celsius(value));
  for (const kind of ["t1", "t2", "t3", "t4", "t5", "blind"]) cell.classList.toggle(kind, kind === warmth(value));
  const since = rack.inlet && value === null ? blindFor(pod, rack.inlet) : warmWord(value);
  say(note, since || (rack.power.length ? (power === null ? "power unknown" : kilowatts(power)) : ""));
  sayIf(acts, [...offWords(rack, pod), ...lockWords(rack, pod)].join(" · "));
}

function blindFor(pod, id) {
  const age = pod.points.has(id) ? pod.ageS(pod.points.get(id)) : null;
  return age === null ? "no reading" : `no reading ${duration(age)}`;
}

/** ASHRAE TC 9.9: recommended 18 to 27 °C for all classes, allowable to 32 °C for class A1. */
function warmth(value) {
  if (value === null) return "blind";
  return value < 21 ? "t1" : value < 25 ? "t2" : value <= 27 ? "t3" : value <= 32 ? "t4" : "t5";
}

const warmWord = (value) => (value === null ? "" : value < 18 ? "▼ cool" : value > 32 ? "◆ too hot" : value > 27 ? "▲ warm" : "");

/** What interlocks hold off in a rack: "2 P3 off", "1 returning". */
function offWords(rack, { autonomy }) {
  const mine = (autonomy?.shed ?? []).filter((one) => one.rack === rack.name);
  const off = gathered(mine.filter((one) => !one.returning), (one) => one.class);
  const returning = mine.filter((one) => one.returning).length;
  const words = [...off].map(([kind, loads]) => `${count(loads.length)} ${kind} off`).sort().reverse();
  return returning ? [...words, `${count(returning)} returning`] : words;
}

/** Who locked something in a rack: a load, or an outlet of one of its PDUs. */
function lockWords(rack, { autonomy }) {
  const pdus = new Set(rack.power.map((id) => id.split("/")[0]));
  const mine = (autonomy?.locks ?? []).filter(({ name }) => rack.loads.includes(name) || pdus.has(name.split("/")[0]));
  return mine.length ? [`locked: ${[...new Set(mine.map((one) => one.by))].join(", ")}`] : [];
}
