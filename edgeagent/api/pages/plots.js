// The last hour of temperatures and powers, small and side by side, on one scale each.

import { chart } from "./chart.js";
import { at, each, make, say } from "./dom.js";
import { celsius, clock, kilowatts, timeOfDay } from "./words.js";

const RACKS = 8; // of more racks, the warmest are drawn: the strip shows all
const WIDE = 4; // more plots than this take the whole width

const plots = (pod) => [
  ...warmest(pod).map((rack) => ({
    title: `${rack.name} inlet`, ids: [rack.inlet], warm: true, tone: "temp", moments: shedMoments(pod, rack.name) })),
  ...pod.site.feeds.map((feed, index) => ({ title: `Feed ${feed.name}`, ids: feed.power, warm: false, tone: `f${index % 3}`, moments: [] })),
].map((plot) => ({ ...plot, values: pod.past(plot.ids) })).filter((plot) => plot.values);

/** Racks in their order: all, or the warmest; one whose inlet is not known counts as warm. */
function warmest(pod) {
  const racks = pod.site.racks.filter((rack) => rack.inlet);
  if (racks.length <= RACKS) return racks;
  const heat = new Map(racks.map((rack) => [rack, pod.number(rack.inlet) ?? Infinity]));
  const least = [...heat.values()].sort((a, b) => b - a)[RACKS - 1];
  return racks.filter((rack) => heat.get(rack) >= least).slice(0, RACKS);
}

/** When loads of a rack were shed: one moment for each interlock. */
function shedMoments({ autonomy }, rack) {
  const first = new Map();
  for (const one of (autonomy?.shed ?? []).filter((shed) => shed.rack === rack)) {
    if (!(first.get(one.interlock)?.sinceS <= one.sinceS)) first.set(one.interlock, one);
  }
  return [...first.values()].map(({ sinceS, sinceMs }) => ({ sinceS, text: `${timeOfDay(new Date(sinceMs))} shed` }));
}

export function drawCharts(pod) {
  const drawn = plots(pod);
  at("charts").hidden = !drawn.length;
  document.querySelector("main").classList.toggle("wide", drawn.length > WIDE || !drawn.length || !pod.autonomy);
  if (!drawn.length) return;
  const begins = Math.min(...drawn.map((plot) => plot.values.findIndex((value) => value !== null)).map((first) => (first < 0 ? Infinity : first)));
  const slots = drawn[0].values.length;
  const shown = Math.min(slots, Math.max(30, slots - begins)); // 5 minutes at least, an hour at most
  const minutes = Math.round(((Number.isFinite(shown) ? shown : 30) * pod.stepS) / 60);
  say(at("charts-aside"), `last ${minutes >= 60 ? "hour" : `${minutes} min`} · a gap is a gap${pod.site.racks.length > RACKS ? ` · the ${RACKS} warmest racks` : ""}`);
  const cut = drawn.map((plot) => ({ ...plot, values: plot.values.slice(-shown) }));
  const warm = extent(cut.filter((plot) => plot.warm), 1);
  const range = [Math.min(20, warm[0]), Math.max(28.5, warm[1])];
  const power = extent(cut.filter((plot) => !plot.warm), 0.05);
  each(at("plots"), cut, (plot) => plot.title, makePlot, (element, plot) => updatePlot(element, plot, plot.warm ? range : power, pod));
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

function updatePlot(element, plot, range, pod) {
  element.redraw = () => updatePlot(element, plot, range, pod);
  const [caption, svg] = element.children;
  const format = plot.warm ? (value) => `${value}` : (value) => `${+(value / 1000).toFixed(2)}`;
  const told = (value) => (value === null ? "no reading" : plot.warm ? `${celsius(value)} °C` : kilowatts(value));
  const known = plot.values.filter((value) => value !== null);
  const ageS = pod.nowS - pod.endS;
  const span = known.length ? `${told(Math.min(...known))} to ${told(Math.max(...known))}` : "nothing read";
  const lines = plot.warm ? [[27, "recommended 27", "warn"], [32, "allowable 32", "crit"]] : [];
  const moments = plot.moments.map(({ sinceS, text }) => [pod.nowS - sinceS, text]);
  const label = [`${plot.title}: now ${told(plot.values.at(-1))}; ${span}`, ...plot.moments.map((one) => one.text)].join("; ");
  const pointed = chart(svg, { values: plot.values, stepS: pod.stepS, ageS, range, format, tone: plot.tone, lines,
    moments, pointer: element.pointer ?? null, label });
  const shown = pointed ?? plot.values.length - 1;
  const when = pointed === null ? "" : ` at ${clock(new Date(Date.now() - (ageS + (plot.values.length - 1 - shown) * pod.stepS) * 1000))}`;
  say(caption.children[0], plot.title);
  say(caption.children[1], told(plot.values[shown]) + when);
  caption.children[1].className = plot.values[shown] === null ? "old" : "";
}
