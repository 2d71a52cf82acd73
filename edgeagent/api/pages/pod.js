// The pod as this page knows it: fed by events, asked by the drawings. Times are the pod's CLOCK_BOOTTIME seconds.

const SLOTS = 360;

export class Pod {
  points = new Map();
  groups = new Map();
  status = null;
  alarms = null; // null: this pod has none to tell of
  autonomy = null;
  site = { feeds: [], racks: [] };
  history = new Map();
  stepS = 10;
  endS = 0;
  #nowS = 0;
  #heard = -Infinity;
  #shedMs = new Map();
  #perImage = new Map();

  /** Now, by the pod's clock. */
  get nowS() { return this.#nowS + this.silentS; }

  /** How long the pod has told nothing. */
  get silentS() { return (performance.now() - this.#heard) / 1000; }

  full(body) {
    this.#hear(body);
    this.points.clear();
    this.groups.clear();
    this.#perImage.clear();
    this.alarms = this.autonomy = null;
    for (const [id, kind, unit, group, ...shown] of body.points) {
      const [device, name] = [id.slice(0, id.indexOf("/")), id.slice(id.indexOf("/") + 1)];
      this.points.set(id, { id, device, name, kind, unit, group, ...reading(shown) });
    }
    this.#take(body);
  }

  /** True when what a reading is worth has changed, and not just its value. */
  change(body) {
    this.#hear(body);
    let isOther = false;
    for (const [id, shown] of Object.entries(body.points ?? {})) {
      const point = this.points.get(id);
      if (!point) continue;
      const { quality, reason } = point;
      Object.assign(point, reading(shown));
      isOther ||= quality !== point.quality || reason !== point.reason;
    }
    this.#take(body);
    return isOther;
  }

  /** The age of what is shown of a point: of its last good value when it has none now. */
  ageS(point) {
    if (point.quality !== "GOOD") return point.lastS === null ? null : this.nowS - point.lastS;
    const read = this.groups.get(point.group) ?? this.groups.get(point.id);
    return read === undefined ? null : this.nowS - read;
  }

  /** A good number, or null: unknown is not zero. */
  number(id) {
    const point = this.points.get(id);
    return point?.quality === "GOOD" && typeof point.value === "number" ? point.value : null;
  }

  /** What follows from which points there are: found once, until they are others. */
  perImage(name, find) {
    if (!this.#perImage.has(name)) this.#perImage.set(name, find());
    return this.#perImage.get(name);
  }

  /** The sum of points: what is known of it, and whether that is all. */
  sum(ids) {
    const known = ids.map((id) => this.number(id)).filter((value) => value !== null);
    return { total: known.length === ids.length && ids.length ? add(known) : null, known: add(known), of: known.length };
  }

  /** The last hour of the sum of points, oldest first; null is a gap. */
  past(ids) {
    const rows = ids.map((id) => this.history.get(id));
    if (!rows.length || rows.some((row) => !row)) return null;
    return rows[0].map((_, slot) => (rows.some((row) => row[slot] === null) ? null : add(rows.map((row) => row[slot]))));
  }

  /** Put what is known now into the slots that have begun since; true when one has. */
  grow() {
    const slot = Math.floor(this.nowS / this.stepS) * this.stepS;
    const fresh = Math.min(SLOTS, Math.round((slot - this.endS) / this.stepS));
    if (!this.endS || fresh < 1) return false;
    for (const [id, row] of this.history) {
      row.splice(0, fresh);
      for (let gap = 1; gap < fresh; gap++) row.push(null);
      row.push(this.number(id));
    }
    this.endS = slot;
    return true;
  }

  #hear(body) {
    this.#nowS = body.now_s;
    this.#heard = performance.now();
  }

  #take(body) {
    for (const [group, time] of Object.entries(body.groups ?? {})) this.groups.set(group, time);
    for (const part of ["status", "alarms", "autonomy"]) if (body[part]) this[part] = { ...body[part], atS: body.now_s };
    if (body.autonomy) this.#remember(body);
  }

  /** Since when each load is off: told once, for an age is rounded and would let the moment jump. */
  #remember(body) {
    const former = this.#shedMs;
    this.#shedMs = new Map();
    this.autonomy.shed = body.autonomy.shed.map((one) => {
      const before = former.get(one.load);
      const now = { sinceS: body.now_s - one.for_s, sinceMs: (body.wall_s - one.for_s) * 1000 };
      const since = before && Math.abs(before.sinceS - now.sinceS) < 1 ? before : now;
      this.#shedMs.set(one.load, since);
      return { ...one, ...since };
    });
  }
}

/** Things by what they have in common, in the order in which they come. */
export function gathered(things, key) {
  const found = new Map();
  for (const one of things) found.set(key(one), [...(found.get(key(one)) ?? []), one]);
  return found;
}

const add = (values) => values.reduce((sum, value) => sum + value, 0);

function reading([value, quality, reason, source, raw, last = null, lastS = null]) {
  return { value, quality, reason, source, raw, last, lastS };
}
