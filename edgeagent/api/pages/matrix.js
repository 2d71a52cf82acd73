// Causes and effects: a row for each interlock, a column for each effect, and in a cell how near it is to acting.

import { at, each, list, make, rowHead, say } from "./dom.js";
import { aim, explainer } from "./explain.js";
import { count, duration, listed, several } from "./words.js";

const MARKS = { clear: "•", tripped: "!", latched: "L", "out of service": "–", returns: "✓", waits: "×" };
const WORST = ["tripped", "latched", "pending", "clear", "out of service"];
/** Of one that lets loads return the worst is that it does not. */
const WORST_TO_RETURN = ["latched", "clear", "pending", "tripped", "out of service"];
const LEGEND = [
  ["clear", "• clear"], ["pending", "number: seconds until it acts"], ["tripped", "! tripped"], ["latched", "L latched until reset"],
  ["returns", "✓ loads may return"], ["waits", "× loads may not return yet"], ["out of service", "– out of service"],
  ["monitor", "dashed: monitor only"], ["blind", "hatched: blind"],
];

export function drawMatrix({ autonomy, nowS }) {
  const rows = autonomy?.matrix.rows ?? [];
  at("matrix").hidden = !rows.length;
  if (!rows.length) return;
  const laterS = nowS - autonomy.atS;
  const effects = autonomy.matrix.effects.filter((effect) => rows.some((row) => row.effects.includes(effect)));
  const told = rows.map((row) => summed(row, laterS));
  each(at("matrix-effects"), ["interlock", ...effects], (name) => name, makeHead, say);
  each(at("matrix-rows"), told, (row) => row.interlock, makeRow, (element, row) => updateRow(element, row, effects));
  say(at("matrix-aside"), several(rows.length, "interlock"));
  say(at("matrix-legend"), legend(told));
  drawPlaces(told.flatMap((row) => row.open.map((one) => ({ ...one, row }))), laterS);
  list(at("matrix-uncovered"), autonomy.uncovered);
}

/** A row with what its places come to: the worst wins. */
function summed(row, laterS) {
  const lets = row.effects.includes("restore");
  const order = lets ? WORST_TO_RETURN : WORST;
  const places = row.places.map((one) => (lets ? { ...one, standing: letting(one) } : one))
    .sort((a, b) => order.indexOf(a.standing) - order.indexOf(b.standing));
  const waits = places.filter((one) => one.standing === "pending").map((one) => Math.max(0, Math.ceil(one.waits_s - laterS)));
  const quiet = lets ? "tripped" : "clear";
  const open = places.filter((one) => (one.standing !== quiet && one.standing !== "out of service") || one.blind);
  return { ...row, lets, places, open, standing: places[0]?.standing ?? "clear", waitS: Math.min(...waits),
    blind: places.some((one) => one.blind), monitor: row.state === "monitor only" };
}

/** It lets go of its effect slowly; that nothing may return is told at once. */
const letting = ({ standing, truth }) => (standing === "tripped" && truth !== "TRUE" ? "clear" : standing);

const makeHead = () => {
  const head = make("th");
  head.scope = "col";
  return head;
};

const makeRow = () => make("tr", "", rowHead(make("span"), " ", make("small", "soft")));

function updateRow(element, row, effects) {
  const [name, state] = element.children[0].children;
  say(name, row.interlock);
  say(state, [row.state === "in service" ? "" : row.state, row.latch ? "latches" : ""].filter(Boolean).join(", "));
  while (element.children.length > effects.length + 1) element.lastChild.remove();
  while (element.children.length < effects.length + 1) element.append(make("td"));
  effects.forEach((effect, index) => updateCell(element.children[index + 1], row, row.effects.includes(effect)));
}

function updateCell(cell, row, has) {
  if (!has) {
    cell.replaceChildren();
    return;
  }
  if (!cell.children.length) cell.append(make("span", "x"), make("span", "sr"));
  const [mark, text] = cell.children;
  const hit = row.standing === "tripped" || row.standing === "latched";
  const kinds = { x: true, hit: hit && !row.lets && !row.monitor, would: hit && !row.lets && row.monitor, may: hit && row.lets,
    wait: row.standing === "pending", mon: row.monitor, blind: row.blind && !hit };
  mark.className = Object.keys(kinds).filter((kind) => kinds[kind]).join(" ");
  mark.ariaHidden = "true";
  say(mark, row.standing === "pending" ? `${row.waitS}` : MARKS[kindOf(row)]);
  say(text, cellWords(row));
  cell.title = text.textContent;
}

/** Its standing, in which one that lets loads return has words of its own. */
const kindOf = ({ lets, standing }) => (lets ? ({ tripped: "returns", clear: "waits" }[standing] ?? standing) : standing);

function cellWords(row) {
  const at = row.places.filter((one) => one.standing === row.standing).map((one) => one.place || one.id);
  const where = row.places.length > 1 && at.length < row.places.length ? ` at ${listed(at)}` : "";
  const words = { pending: `pending, ${row.waitS} s left`, returns: "loads may return", waits: "loads may not return yet" };
  const word = words[kindOf(row)] ?? row.standing;
  return [word + where, row.blind && "blind", row.monitor && "monitor only"].filter(Boolean).join(", ");
}

/** The places at which an interlock is not as usual, in words. */
function drawPlaces(open, laterS) {
  at("matrix-open").hidden = !open.length;
  say(at("matrix-open-h"), `${several(open.length, "place")} not as usual`);
  each(at("matrix-places"), open, (one) => one.id, makePlace, (item, one) => {
    const name = `${one.row.interlock}, ${one.place || one.id}`;
    say(item.children[0], `${name}: ${[placeWords(one, one.row, laterS), one.blind && "blind"].filter(Boolean).join(", ")}`);
    aim(item.children[1], one.id, name);
  });
}

const makePlace = () => make("li", "", make("span"), explainer());

function placeWords(one, row, laterS) {
  const forS = one.for_s === null ? "" : ` for ${duration(one.for_s + laterS)}`;
  const left = one.waits_s === null ? "" : `${Math.max(0, Math.ceil(one.waits_s - laterS))} s`;
  const acts = row.monitor ? "would act" : "acts";
  const words = row.lets
    ? { tripped: "loads may return", pending: `loads may return in ${left}`, clear: "loads may not return yet" }
    : { tripped: `tripped${forS}: ${one.why}`, latched: `latched${forS}, until a person resets it`, pending: `${acts} in ${left}` };
  return words[one.standing] ?? one.standing;
}

/** Only the marks that are there. */
function legend(rows) {
  const seen = new Set(rows.flatMap((row) => [kindOf(row), row.monitor && "monitor", row.blind && "blind"]));
  return LEGEND.filter(([kind]) => seen.has(kind)).map(([, words]) => words).join(" · ");
}
