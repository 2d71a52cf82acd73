// Who holds what: outputs by what they have in common, timed overrides, locks, and what was wanted and may not be.

import { at, each, list, make, rowHead, say, sayIf } from "./dom.js";
import { aim, explainer } from "./explain.js";
import { gathered } from "./pod.js";
import { duration, ends, listed } from "./words.js";

const TONES = { "under way": "wait", failed: "crit", unverified: "warn", "cannot be set": "warn" };

export function drawHolds({ autonomy, alarms, nowS }) {
  at("holds").hidden = !autonomy;
  if (!autonomy) return;
  const laterS = nowS - autonomy.atS;
  const rows = [...outputRows(autonomy, new Set(alarms?.alarms.map((one) => one.key))), ...overrideRows(autonomy), ...lockRows(autonomy)];
  at("holds-table").hidden = !rows.length;
  at("holds-none").hidden = rows.length > 0;
  each(at("holds-rows"), rows, (row) => row.key, makeHold, (element, row) => updateHold(element, row, laterS));
  list(at("holds-more"), [...coolingWords(autonomy), ...autonomy.refused.map(({ name, why }) => `${name} is not switched: ${why}.`)]);
}

/** Outputs that are held the same way are one row. */
function outputRows({ outputs, matrix }, known) {
  const alike = (one) => JSON.stringify([one.value, one.by, one.left_s, one.until, one.outcome, trouble(one), one.limited]);
  return [...gathered(outputs, alike).values()].map((some) => {
    const [first] = some;
    const source = first.by.replace(/^interlock /, "");
    const alarm = `interlock/${source}`;
    return { ...first, key: `output ${first.target}`, names: some.map((one) => one.name), by: holder(source, matrix),
      value: valueWords(first.value), message: trouble(first), explains: some.length > 1 && known.has(alarm) ? alarm : first.name };
  });
}

const trouble = ({ outcome, message }) => (outcome === "done" ? "" : message);
const valueWords = (value) => (typeof value === "number" ? `${+value.toFixed(2)}` : String(value));

/** An interlock by its name and place, a person by theirs. */
function holder(source, { rows }) {
  for (const row of rows) {
    const place = row.places.find((one) => one.id === source);
    if (place) return `interlock: ${row.interlock}${place.place ? `, ${place.place}` : ""}`;
  }
  return source === "safe" ? "nobody: its safe value" : source.replace(/ on site$/, ", on site");
}

/** Overrides that do not have their way now; those that do are outputs, and the second half of a cycle has not begun. */
function overrideRows({ overrides, outputs }) {
  const has = ({ target, by }) => outputs.some((one) => one.target === target && one.by.startsWith(by));
  return overrides.filter((one) => !one.in_s && !has(one)).map((one) => ({
    key: `override ${one.id}`, names: [one.target], value: one.value, by: `${one.by}, on site`, why: one.why, left_s: one.left_s,
    outcome: "overruled", message: "something of a higher rank holds it, or it may not be set now", limited: [], explains: one.target }));
}

const lockRows = ({ locks }) =>
  locks.map((one) => ({
    key: `lock ${one.name}`, names: [one.name], value: "locked", by: `${one.by}, on site`, why: one.why, for_s: one.for_s,
    until: "unlocked", left_s: null, outcome: "done", message: "", limited: [], explains: one.name }));

const makeHold = () =>
  make("tr", "", rowHead(make("span"), make("small")), make("td", "", make("i", "shape"), make("span")),
    make("td", "", make("span"), make("small")), make("td", "", make("span"), " ", explainer()));

function updateHold(element, row, laterS) {
  const [head, value, by, until] = element.children;
  say(head.children[0], listed(row.names));
  head.title = row.names.join(", ");
  sayIf(head.children[1], [outcomeWords(row), limitWords(row)].filter(Boolean).join("; "));
  value.children[0].className = `shape ${TONES[row.outcome] ?? "warn"}`;
  value.children[0].hidden = row.outcome === "done";
  say(value.children[1], row.value);
  say(by.children[0], row.by);
  by.children[0].title = row.why;
  const forS = row.for_s === null || row.for_s === undefined ? "" : `for ${duration(row.for_s + laterS)}`;
  sayIf(by.children[1], [forS, row.rank === undefined || row.rank === "person" ? row.why : ""].filter(Boolean).join(" · "));
  say(until.children[0], row.left_s === null ? row.until : ends(Math.max(0, row.left_s - laterS)));
  aim(until.children[1], row.explains, `${listed(row.names)} ${row.value}`);
}

const outcomeWords = ({ outcome, message }) => (outcome === "done" ? "" : `${outcome}${message ? `: ${message}` : ""}`);
const limitWords = ({ limited }) => (limited.length ? `not as ${listed(limited)} asked` : "");

/** Cooling is asked for also where nothing can be set. */
function coolingWords({ cooling }) {
  return cooling.length ? [`Maximum cooling is asked for in ${cooling.length === 1 ? "aisle" : "aisles"} ${listed(cooling)}.`] : [];
}
