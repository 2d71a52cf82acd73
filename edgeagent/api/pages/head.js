// The head: where it is, one sentence for a tired person, and the chips.

import { at, each, make, say } from "./dom.js";
import { gathered } from "./pod.js";
import { clipped, count, duration, several } from "./words.js";

const SILENT_S = 12; // the pod speaks at least every 5 s
const MOST = 3; // chips for what is not well of the daemon
const TITLES = { Nothing: "well", Looking: "acting" };

export function drawHead(pod) {
  const { status } = pod;
  const lost = pod.silentS > SILENT_S;
  document.documentElement.classList.toggle("lost", lost);
  const { site, name } = status.pod;
  say(at("where"), `${site} · ${name}${pod.site.racks.length ? ` · ${several(pod.site.racks.length, "rack")}` : ""}`);
  say(at("sentence"), lost ? "This page does not hear the pod: what it shows is old." : status.headline);
  document.title = `${name}: ${lost ? "not heard" : (TITLES[status.headline.split(" ")[0]] ?? "needs a look")}`;
  const chips = [linkChip(pod), pointsChip(pod), alarmsChip(pod), autonomyChip(pod), ...partChips(pod)].filter(Boolean);
  if (lost) chips.unshift(["lost", "warn", "Not heard", `for ${duration(pod.silentS)}; this page keeps trying`]);
  each(at("chips"), chips, (chip) => chip[0], makeChip, updateChip);
}

const makeChip = () => make("li", "chip", make("i", "shape"), make("b"), make("small"));

function updateChip(element, [, tone, word, more, whole = ""]) {
  element.title = whole === more ? "" : whole;
  element.children[0].className = `shape ${tone}`;
  say(element.children[1], word);
  say(element.children[2], more);
}

function linkChip(pod) {
  const { link, journal, atS } = pod.status;
  const kept = Object.values(journal).reduce((sum, one) => sum + one.pending, 0);
  const forS = link.for_s + pod.nowS - atS;
  if (link.state === "connected") return ["link", "ok", "NOC online", `${duration(forS)} · ${several(kept, "record")} on the way`];
  const word = link.state === "disconnected" ? "NOC offline" : `NOC ${link.state}`;
  return ["link", "warn", word, `${duration(forS)} · ${several(kept, "record")} kept`];
}

/** A silent device is one thing to look at, and not as many sensor faults as it has points. */
function pointsChip(pod) {
  const { devices } = pod.status;
  const faults = (online) => devices.reduce((sum, one) => sum + ((one.state === "online") === online ? one.faults : 0), 0);
  const [sensors, silent] = [faults(true), faults(false)];
  const words = [sensors && several(sensors, "sensor fault"), silent && `${count(silent)} without an answer`].filter(Boolean);
  return ["points", words.length ? "warn" : "ok", several(pod.points.size, "point"), words.join(" · ") || "all good"];
}

function alarmsChip({ alarms }) {
  if (!alarms) return null;
  const { standing, shelved, worst } = alarms;
  const unseen = alarms.alarms.filter((one) => one.state === "standing" && !one.folded && !one.shelved && !one.acknowledged).length;
  const words = [unseen && `${count(unseen)} not acknowledged`, shelved && `${count(shelved)} shelved`].filter(Boolean);
  const tone = !standing ? "ok" : worst === "critical" ? "crit" : "warn";
  return ["alarms", tone, standing ? several(standing, "alarm") : "No alarms", words.join(" · ")];
}

/** How many interlocks act, and how many do so now; letting loads return is no act that anybody waits for. */
function autonomyChip({ autonomy }) {
  const rows = autonomy?.matrix.rows ?? [];
  if (!rows.length) return null;
  const made = rows.flatMap((row) => row.places.map((one) => ({ ...one, state: row.state, lets: row.effects.includes("restore") })));
  const armed = made.filter((one) => one.state === "in service");
  const acting = armed.filter((one) => !one.lets && ["tripped", "latched"].includes(one.standing)).length;
  const blind = armed.filter((one) => one.blind).length;
  if (!armed.length) {
    const word = autonomy.state === "monitor only" ? "Monitor only" : "Out of service";
    return ["autonomy", "wait", word, `${several(made.length, "interlock")}, none switches anything`];
  }
  const words = [acting && `${count(acting)} tripped`, blind && `${count(blind)} blind`].filter(Boolean).join(" · ");
  return ["autonomy", words ? "warn" : "ok", `${count(armed.length)} of ${several(made.length, "interlock")} in service`, words || "all clear"];
}

/** What is not well of the daemon itself; many of one sort (targets that cannot be set, say) are one chip, and of sorts the worst. */
function partChips({ status }) {
  const wrong = status.conditions.filter((one) => one.level !== "ok" && one.part !== "uplink");
  const sorts = [...gathered(wrong, (one) => one.part.split(" ")[0])].sort(([, a], [, b]) => isFailed(b) - isFailed(a));
  const chips = sorts.slice(0, MOST).map(([sort, some]) => partChip(sort, some));
  return sorts.length > MOST ? [...chips, ["parts", "warn", `${count(sorts.length - MOST)} more not well`, "edgeagent status"]] : chips;
}

const isFailed = (some) => some.some((one) => one.level === "failed");

function partChip(sort, some) {
  const first = some.find((one) => one.level === "failed") ?? some[0];
  const word = some.length === 1 ? `${first.part} ${first.level}` : `${sort}: ${count(some.length)} ${first.level}`;
  return [`part ${sort}`, first.level === "failed" ? "crit" : "warn", word, clipped(first.message, 110), first.message];
}
