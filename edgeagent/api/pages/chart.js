// A line over the last hour, drawn at the size it is shown. A gap in the data is a gap in the line.

import { clock } from "./words.js";

const NS = "http://www.w3.org/2000/svg";
const HEIGHT = 132;
const ROOM = 90; // pixels that the word of a moment takes
const [LEFT, RIGHT, TOP, BOTTOM] = [38, 8, 10, 22];

function node(name, attributes, text) {
  const made = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * values: oldest first, null for a gap; range: [low, high]; lines: [value, word, class];
 * moments: [age in seconds, word]; pointer: x in pixels, or null.
 * Returns the index under the pointer, or null.
 */
export function chart(svg, { values, stepS, ageS, range, format, label, tone, lines, moments, pointer }) {
  const width = Math.max(200, svg.clientWidth || 300);
  const [low, high] = range;
  const x = (index) => LEFT + (index / Math.max(1, values.length - 1)) * (width - LEFT - RIGHT);
  const y = (value) => TOP + (1 - (value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.setAttribute("aria-label", label);
  const drawn = [];
  for (const tick of ticks(low, high)) {
    drawn.push(node("path", { class: "grid", d: `M${LEFT} ${y(tick)}H${width - RIGHT}` }));
    drawn.push(node("text", { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }, format(tick)));
  }
  for (const [value, word, kind] of lines.filter(([value]) => value > low && value < high)) {
    drawn.push(node("path", { class: `mark ${kind}`, d: `M${LEFT} ${y(value)}H${width - RIGHT}` }));
    drawn.push(node("text", { class: kind, x: LEFT + 2, y: y(value) - 4 }, word));
  }
  for (const [share, anchor] of [[0, "start"], [0.5, "middle"], [1, "end"]]) {
    const at = new Date(Date.now() - (ageS + (1 - share) * (values.length - 1) * stepS) * 1000);
    drawn.push(node("text", { x: LEFT + share * (width - LEFT - RIGHT), y: HEIGHT - 4, "text-anchor": anchor }, clock(at)));
  }
  drawn.push(...runs(values).map((run) => line(run, x, y, tone)));
  let labelled = -Infinity;
  for (const [momentS, word] of [...moments].sort((a, b) => b[0] - a[0])) {
    const slot = Math.min(values.length - 1, values.length - 1 - (momentS - ageS) / stepS);
    if (slot < 0) continue;
    const isFree = x(slot) - labelled > ROOM;
    drawn.push(...moment(x(slot), values[Math.round(slot)], y, isFree ? word : "", width));
    if (isFree) labelled = x(slot);
  }
  const pointed = pointer === null ? null : nearest(pointer, width, values.length);
  if (pointed !== null) {
    drawn.push(node("path", { class: "pointer", d: `M${x(pointed)} ${TOP}V${HEIGHT - BOTTOM}` }));
    if (values[pointed] !== null) drawn.push(node("circle", { class: `dot ${tone}`, cx: x(pointed), cy: y(values[pointed]), r: 3.5 }));
  }
  svg.replaceChildren(...drawn);
  return pointed;
}

/** A vertical mark with its word, on the side where there is room, and a dot where it meets the line. */
function moment(x, value, y, word, width) {
  const left = x > width / 2;
  const mark = node("path", { class: "mark crit", d: `M${x} ${TOP}V${HEIGHT - BOTTOM}` });
  const text = node("text", { class: "told", x: x + (left ? -6 : 6), y: TOP + 8, "text-anchor": left ? "end" : "start" }, word);
  return value === null ? [mark, text] : [mark, text, node("circle", { class: "dot crit", cx: x, cy: y(value), r: 4 })];
}

function nearest(pointer, width, length) {
  const share = (pointer - LEFT) / (width - LEFT - RIGHT);
  return Math.min(length - 1, Math.max(0, Math.round(share * (length - 1))));
}

/** The runs of values without a gap, as [index, value]. */
function runs(values) {
  const found = [];
  values.forEach((value, index) => {
    if (value === null) return;
    if (!index || values[index - 1] === null) found.push([]);
    found.at(-1).push([index, value]);
  });
  return found;
}

function line(run, x, y, tone) {
  if (run.length === 1) return node("circle", { class: `dot ${tone}`, cx: x(run[0][0]), cy: y(run[0][1]), r: 2 });
  const path = run.map(([index, value]) => `${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("L");
  return node("path", { class: `line ${tone}`, d: `M${path}` });
}

function ticks(low, high) {
  const rough = (high - low) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) found.push(tick);
  return found;
}
