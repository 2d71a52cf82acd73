// Values and times in people's words.

const UNITS = { Cel: "°C", "V.A": "VA", "/min": "rpm", "1": "", By: "B", "m3/h": "m³/h", "W/m2": "W/m²", "A.h": "Ah", "dB[mW]": "dBm" };
const REASONS = {
  stale: "stale", sentinel: "no value given", out_of_range: "out of range", implausible: "implausible",
  absent: "probe absent", disconnected: "no answer", garbled: "answer makes no sense", refused: "refused",
  identity: "another device answers", forced: "forced by hand", never_read: "not read yet", not_given: "not given by the device",
};
const grouped = (value, digits) =>
  value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** 4 s, 12 min, 3 h 20 min, 9 d. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d`;
}

/** A value with its unit, in a size that reads well. */
export function quantity(value, unit, kind) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  if (kind === "Temperature") return `${grouped(value, 1)} °C`;
  if (unit === "By") return size(value);
  if (unit === "s") return duration(value);
  if (unit === "Wh" && Math.abs(value) >= 1e5) return `${grouped(value / 1000, 0)} kWh`;
  const digits = Number.isInteger(value) || Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return `${grouped(value, digits)} ${UNITS[unit] ?? unit}`.trim();
}

/** A value in few digits, for where many stand side by side. */
export function brief(value, unit) {
  if (unit === "W") return kilowatts(value);
  if (unit === "Wh") return `${grouped(value / 1000, 1)} kWh`;
  if (unit === "s") return duration(value);
  return `${grouped(value, Number.isInteger(value) || Math.abs(value) >= 100 ? 0 : 1)} ${UNITS[unit] ?? unit}`.trim();
}

export const kilowatts = (watts) => (watts === null ? "unknown" : `${grouped(watts / 1000, watts < 9950 ? 2 : 1)} kW`);
export const celsius = (value) => grouped(value, 1);
export const count = (value) => grouped(value, 0);
export const clock = (date) => date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
export const timeOfDay = (date) => date.toLocaleTimeString("en-GB");
export const several = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

/** A moment of the wall clock: the time of day, and its date where that is another day. */
export function moment(wallS, now = new Date()) {
  const date = new Date(wallS * 1000);
  return date.toDateString() === now.toDateString() ? timeOfDay(date) : `${date.toLocaleDateString("sv-SE")} ${timeOfDay(date)}`;
}

/** The begin of a text that is too long. */
export const clipped = (text, most) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

/** A few names, and how many more there are. */
export function listed(names, shown = 6) {
  return names.length > shown ? `${names.slice(0, shown - 1).join(", ")} and ${count(names.length - shown + 1)} more` : names.join(", ");
}

/** When something ends: the time of day and what is left until then. */
export const ends = (leftS) => `${clock(new Date(Date.now() + leftS * 1000))}, ${duration(leftS)} left`;

export function quality(point) {
  const why = REASONS[point.reason] ?? point.reason;
  if (point.quality === "GOOD") return "good";
  if (point.reason === "not_given") return why;
  return point.quality === "BAD" ? `fault: ${why}` : `uncertain: ${why}`;
}

function size(bytes) {
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (Math.abs(bytes) < 1024 || unit === "GiB") return `${grouped(bytes, unit === "B" ? 0 : 1)} ${unit}`;
    bytes /= 1024;
  }
}
