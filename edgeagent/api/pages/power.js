// Power, by feed. A sum of which a part is not known is unknown, and not less.

import { at, each, make, say } from "./dom.js";
import { kilowatts, several } from "./words.js";

export function drawPower(pod) {
  const feeds = pod.site.feeds.filter((feed) => feed.power.length);
  at("power").hidden = !feeds.length;
  if (!feeds.length) return;
  const all = pod.sum(feeds.flatMap((feed) => feed.power));
  const total = at("power-total");
  if (!total.children.length) total.append(make("span"), " ", make("small"));
  say(total.children[0], all.total === null ? "unknown" : kilowatts(all.total).replace(" kW", ""));
  say(total.children[1], all.total === null ? `${kilowatts(all.known)} of it known` : "kW at the racks");
  const totals = feeds.map((feed) => pod.sum(feed.power).total);
  const scale = all.total ?? Math.max(0, ...totals) * feeds.length;
  each(at("feeds"), feeds, (feed) => feed.name, makeFeed, (element, feed, index) => updateFeed(element, pod.sum(feed.power), feed, index, all, scale));
  say(at("power-aside"), `${several(feeds.length, "feed")}`);
}

const makeFeed = () =>
  make("div", "", make("div", "row", make("span"), make("span")), make("div", "bar", make("i")));

function updateFeed(element, { total, known, of }, feed, index, all, scale) {
  const [row, bar] = element.children;
  say(row.children[0], `Feed ${feed.name}`);
  const share = total !== null && all.total ? ` · ${Math.round((100 * total) / all.total)} %` : "";
  const part = of ? `unknown · ${kilowatts(known)} from ${of} of ${feed.power.length} PDUs` : "unknown";
  say(row.children[1], total === null ? part : kilowatts(total) + share);
  bar.classList.toggle("blind", total === null);
  bar.children[0].className = `f${index % 3}`;
  bar.children[0].style.width = total === null || !scale ? "0" : `${(100 * total) / scale}%`;
}
