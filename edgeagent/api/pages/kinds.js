// The kinds of device, in the order and the words in which people are shown them.

const NAMES = {
  ipdu: ["rack PDU", "rack PDUs"],
  ups: ["UPS", "UPS"],
  ats: ["transfer switch", "transfer switches"],
  dcplant: ["DC plant", "DC plants"],
  meter: ["meter", "meters"],
  inverter: ["solar inverter", "solar inverters"],
  battery: ["battery", "batteries"],
  generator: ["generator", "generators"],
  cooling: ["cooling unit", "cooling units"],
  cdu: ["coolant unit", "coolant units"],
  water: ["facility water", "facility waters"],
  enclosure: ["doors and contacts", "doors and contacts"],
  gpu: ["GPUs", "GPUs"],
  npu: ["NPUs", "NPUs"],
  bmc: ["server board", "server boards"],
  host: ["this computer", "computers"],
  hwmon: ["board sensors", "board sensors"],
  disk: ["disk", "disks"],
  link: ["network link", "network links"],
};
const ORDER = Object.keys(NAMES);

/** What one device of a kind is called, or several. */
export const kindName = (kind, number = 1) => NAMES[kind]?.[number === 1 ? 0 : 1] ?? kind;

/** Known kinds as above, others after them. */
export const kindPlace = (kind) => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
