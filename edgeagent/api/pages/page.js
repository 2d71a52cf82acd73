// The page: events in, drawings out. Nothing here acts on the pod.

import { drawAlarms } from "./alarms.js";
import { drawDevices, drawNoc } from "./devices.js";
import { at } from "./dom.js";
import { listenToDialog } from "./explain.js";
import { drawHead } from "./head.js";
import { drawHolds } from "./holds.js";
import { drawMatrix } from "./matrix.js";
import { drawPlant } from "./plant.js";
import { drawCharts } from "./plots.js";
import { Pod } from "./pod.js";
import { drawPoints, listenToForm, sortPoints } from "./points.js";
import { drawPower } from "./power.js";
import { drawRacks } from "./racks.js";

const MAX_HISTORIES = 128;
const PARTS = [drawHead, drawPower, drawRacks, drawPlant, drawAlarms, drawMatrix, drawHolds, drawDevices, drawNoc, drawPoints];
const pod = new Pod();

/** Only what differs reaches the document. Charts have their own pace. */
function draw() {
  if (pod.status) for (const part of PARTS) part(pod);
}

async function fetchRest() {
  const json = async (path) => (await fetch(path)).json();
  pod.site = await json("/v1/site");
  const ids = new Set([...pod.site.racks.map((rack) => rack.inlet), ...pod.site.feeds.flatMap((feed) => feed.power)]);
  const known = [...ids].filter((id) => pod.points.has(id)).slice(0, MAX_HISTORIES);
  pod.history.clear();
  if (known.length) {
    const past = await json(`/v1/history?${known.map((id) => `point=${encodeURIComponent(id)}`).join("&")}`);
    [pod.stepS, pod.endS] = [past.step_s, past.end_s];
    for (const [id, values] of Object.entries(past.points)) if (values) pod.history.set(id, values);
  }
  sortPoints(pod);
  draw();
  drawCharts(pod);
}

function listen() {
  const events = new EventSource("/v1/events");
  events.addEventListener("full", (event) => {
    pod.full(JSON.parse(event.data));
    sortPoints(pod);
    draw();
    fetchRest().catch(() => {}); // the next full event asks again
  });
  events.addEventListener("change", (event) => {
    const body = JSON.parse(event.data);
    if (pod.change(body) || body.status) sortPoints(pod);
    draw();
    if (body.autonomy) drawCharts(pod); // they mark when loads were shed
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000); // refused: it would not try again by itself
  });
}

listenToForm(pod);
listenToDialog();
new ResizeObserver(() => drawCharts(pod)).observe(at("plots"));
setInterval(() => {
  if (pod.grow()) drawCharts(pod);
  if (pod.silentS > 1.5) draw(); // no event drew the ages
}, 1000);
listen();
