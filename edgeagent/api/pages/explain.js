// Explaining one thing in the pod's own sentences: a dialog, filled when it is asked for. Escape closes it.

import { at, make, say, sayIf } from "./dom.js";
import { moment, timeOfDay } from "./words.js";

const PATIENCE_MS = 5000;

/** A button that explains what `name` is the name of, in the words of `about`. */
export function explainer() {
  const button = make("button", "explain", "Explain");
  button.type = "button";
  button.addEventListener("click", () => open(button));
  return button;
}

/** What the button explains from now on; `how` is a command that a person may need, or nothing. */
export function aim(button, name, about, how = "") {
  Object.assign(button.dataset, { name, about, how });
  button.setAttribute("aria-label", `Explain: ${about}`);
}

/** Told before it opens, so that a screen reader reads all of it. */
async function open(button) {
  const { name, about, how } = button.dataset;
  button.setAttribute("aria-busy", "true");
  const { text, history } = await ask(name);
  button.removeAttribute("aria-busy");
  const dialog = at("explain");
  if (dialog.open) return;
  say(at("explain-h"), about);
  at("explain-text").replaceChildren(...text.map((one) => make("p", "", one)));
  at("explain-past").replaceChildren(...history.map(({ wall_s, text: told }) => make("li", "", make("b", "", when(wall_s)), told)));
  at("explain-history").hidden = !history.length;
  sayIf(at("explain-how"), how);
  say(at("explain-aside"), `as of ${timeOfDay(new Date())}`);
  dialog.showModal();
}

const when = (wallS) => (wallS === null ? "at an unknown time" : moment(wallS));

async function ask(name) {
  try {
    const answer = await fetch(`/v1/explain/${encodeURIComponent(name)}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return answer.ok ? await answer.json() : { text: [await answer.text()], history: [] };
  } catch {
    return { text: ["The pod did not answer in time. Close this and try again."], history: [] };
  }
}

/** The dialog's own button, and a click beside it. */
export function listenToDialog() {
  const dialog = at("explain");
  at("explain-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}
