// Elements: made, told, and kept by key. Text is never read as markup.

export const at = (id) => document.getElementById(id);

/** An element with a class and children. */
export function make(name, kind, ...children) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...children);
  return made;
}

/** The head of a table's row. */
export function rowHead(...children) {
  const made = make("th", "", ...children);
  made.scope = "row";
  return made;
}

/** Change a text only where it differs: a screen reader and the eye see what changed, and nothing else. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Say, and hide what has nothing to say. */
export function sayIf(element, text) {
  say(element, text);
  element.hidden = !text;
}

/** Say, and let the eye find it until it is drawn the next time. An animation of each value would keep a small computer busy. */
export function change(element, text) {
  const differs = element.textContent !== text;
  element.classList.toggle("flash", differs && element.textContent !== "");
  if (differs) element.textContent = text;
}

/** Children of `parent` by key: made once, updated after, in the order of `items`. */
export function each(parent, items, key, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, index) => {
    const name = key(item);
    const child = known.get(name) ?? create(item);
    child.dataset.key = name;
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
    update(child, item, index); // in its place already: a chart asks how wide it is
  });
  while (parent.children.length > items.length) parent.lastElementChild.remove();
}

/** Texts as the items of a list, which hides while there is none. */
export function list(parent, texts) {
  parent.hidden = !texts.length;
  each(parent, texts, (text) => text, () => make("li"), say);
}
