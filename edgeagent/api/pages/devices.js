// The devices, and the way to the NOC.

import { at, change, each, make, rowHead, say } from "./dom.js";
import { count, duration, several } from "./words.js";

const TONES = { online: "ok", connecting: "wait", offline: "warn" };

export function drawDevices(pod) {
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

const makeDevice = () =>
  make("tr", "", rowHead(), make("td", "state", make("i", "shape"), make("span")), make("td", "n"), make("td", "wrap"),
    make("td", "hide"), make("td", "n hide"), make("td", "n hide"));

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
