// The alarms: worst first, with what folds under them and who has seen to what. The page only shows.

import { at, each, make, say, sayIf } from "./dom.js";
import { aim, explainer } from "./explain.js";
import { gathered } from "./pod.js";
import { clock, count, duration, moment } from "./words.js";

const SHOWN = 50;
const OVER = 3; // of those that are over, so many are shown: the others are a command away
const RANKS = ["critical", "major", "minor", "warning"];
const SHAPES = { critical: "crit", major: "warn", minor: "warn hollow", warning: "wait" };

export function drawAlarms({ alarms, nowS }) {
  at("alarms").hidden = !alarms;
  if (!alarms) return;
  const laterS = nowS - alarms.atS;
  const [tops, folded] = family(alarms.alarms);
  const isOver = (one) => one.state === "cleared";
  const over = tops.filter(isOver);
  const order = [...tops.filter((one) => !isOver(one)), ...over.slice(0, OVER)]
    .sort((a, b) => weight(a) - weight(b)); // those of one weight stay as they came: newest first
  say(at("alarms-aside"), order.length ? summary(alarms, laterS) : "");
  at("alarms-none").hidden = order.length > 0;
  each(at("alarms-list"), order.slice(0, SHOWN), (one) => one.key, makeAlarm, (element, one) =>
    updateAlarm(element, one, folded.get(one.key) ?? [], laterS));
  sayIf(at("alarms-more"), more(order.length - SHOWN, Math.max(0, over.length - OVER), alarms.overflow));
  at("alarms-how").hidden = !order.length;
}

/** The alarms with a line of their own, and the others by the key of the one that they fold under. */
function family(alarms) {
  const known = new Map(alarms.map((one) => [one.key, one]));
  const head = (one, depth = 0) => {
    const parent = one.folded && depth < alarms.length ? known.get(one.parent) : null;
    return parent ? head(parent, depth + 1) : one;
  };
  return [alarms.filter((one) => head(one) === one), gathered(alarms.filter((one) => head(one) !== one), (one) => head(one).key)];
}

/** What needs a person first; then what somebody put aside, then what is over. */
const weight = (one) => RANKS.indexOf(one.severity) + (one.state === "cleared" ? 20 : one.shelved ? 10 : 0);

function summary({ standing, shelved, alarms }, laterS) {
  const aside = alarms.filter((one) => one.shelved);
  const over = alarms.filter((one) => one.state === "cleared").length;
  const until = aside.length === 1 ? ` until ${clock(endOf(aside[0].shelved.left_s - laterS))}` : "";
  return [`${count(standing)} standing`, over && `${count(over)} cleared`, shelved && `${count(shelved)} shelved${until}`]
    .filter(Boolean).join(" · ");
}

function more(hidden, over, overflow) {
  const here = hidden > 0 ? `${count(hidden)} more: "edgeagent alarms" lists them. ` : "";
  const past = over > 0 ? `${count(over)} more that ${over === 1 ? "is" : "are"} over: "edgeagent alarms --all" lists them, "edgeagent alarms ack all" puts them away. ` : "";
  return here + past + (overflow > 0 ? `${count(overflow)} found no room in the pod's list.` : "");
}

const makeAlarm = () =>
  make("li", "al", make("span", "sev", make("i", "shape"), make("span")),
    make("div", "", make("p", "text"), make("p", "soft"), make("details", "", make("summary"), make("ul"))), explainer());

function updateAlarm(element, one, children, laterS) {
  const [badge, body, button] = element.children;
  const [text, story, fold] = body.children;
  const cleared = one.state === "cleared";
  element.className = cleared ? "al old" : "al";
  badge.className = `sev ${cleared ? "cleared" : one.severity}`;
  badge.children[0].className = `shape ${cleared ? "wait" : SHAPES[one.severity]}`;
  say(badge.children[1], cleared ? "cleared" : one.severity);
  say(text, one.text);
  say(story, words(one, laterS));
  fold.hidden = !children.length;
  say(fold.children[0], `+${count(children.length)} folded`);
  each(fold.children[1], children, (child) => child.key, () => make("li"), (item, child) =>
    say(item, `${child.text} (${child.state === "cleared" ? "cleared" : child.severity}, ${words(child, laterS)})`));
  aim(button, one.key, one.text, one.acknowledged ? "" : `To acknowledge it, at the pod: edgeagent alarms ack ${one.key}`);
}

/** Since when, and who has seen to it. */
function words(one, laterS) {
  const { acknowledged, shelved } = one;
  const age = duration(one.for_s + laterS);
  const since = one.since_wall_s === null ? `for ${age}` : `since ${moment(one.since_wall_s)}, ${age} ago`;
  return [
    one.state === "cleared" ? `was ${one.severity}; ${over(one, laterS)}` : since,
    one.chattering && `chattering: it comes and goes, ${count(one.times)} times so far`,
    !one.chattering && one.times > 1 && `raised ${count(one.times)} times`,
    acknowledged && `acknowledged by ${acknowledged.by}, ${duration(acknowledged.for_s + laterS)} ago`,
    shelved && `shelved by ${shelved.by} until ${clock(endOf(shelved.left_s - laterS))}: ${shelved.why}`,
  ].filter(Boolean).join(" · ");
}

function over(one, laterS) {
  const began = one.since_wall_s === null ? "" : `began ${moment(one.since_wall_s)}, `;
  return `${began}over for ${duration(one.cleared_for_s + laterS)}${one.acknowledged ? "" : ", not acknowledged"}`;
}

const endOf = (leftS) => new Date(Date.now() + leftS * 1000);
