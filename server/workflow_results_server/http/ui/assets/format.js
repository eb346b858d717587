// Values: Extended JSON read without losing a digit, and shown.

// MongoDB allows no NUL in names, so that this one is no field of a result.
const EXACT = "\u0000";
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const TIMES = new Set(["creation", "start", "stop"]);
const EARLIEST_SECONDS = 1e8;
const LATEST_SECONDS = 1e10;
const SHORT = 200;

/**
 * Read JSON. A number that JavaScript would write otherwise, like 9007199254740993, 1.0 or 1e-07, is kept as its text.
 */
export function parse(text) {
  const quoted = text.replace(TOKEN, (token) =>
    token[0] === '"' || String(Number(token)) === token ? token : `{"\\u0000":"${token}"}`,
  );
  return JSON.parse(quoted);
}

/** Write JSON: every number as it was read. */
export function stringify(value, indent = 0, before = "\n") {
  const source = exact(value);
  if (source !== undefined) return source;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const isList = Array.isArray(value);
  const inner = indent ? before + " ".repeat(indent) : "";
  const parts = isList
    ? value.map((each) => stringify(each, indent, inner))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${stringify(each, indent, inner)}`);
  const [opening, closing] = isList ? "[]" : "{}";
  const isFlat = !indent || (isList && value.every((each) => each === null || typeof each !== "object" || exact(each)));
  if (isFlat || !parts.length) return opening + parts.join(", ") + closing;
  return opening + inner + parts.join(`,${inner}`) + before + closing;
}

function exact(value) {
  return value !== null && typeof value === "object" ? value[EXACT] : undefined;
}

/** Return what kind of value something is: a type of JSON, or the one that Extended JSON announces. */
export function kindOf(value) {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value !== "object") return typeof value;
  if (EXACT in value) return "number";
  const [name] = Object.keys(value);
  const kind = { $date: "date", $numberDouble: "number", $numberDecimal: "decimal", $oid: "objectId", $uuid: "uuid" };
  return kind[name] ?? (name === "$binary" ? "binary" : "document");
}

/** Return a value as a number, NaN where it is none. */
export function numberOf(value) {
  if (typeof value === "number") return value;
  if (kindOf(value) === "number") return Number(exact(value) ?? value.$numberDouble);
  if (kindOf(value) === "date") return dateOf(value) / 1000;
  return NaN;
}

function dateOf(value) {
  const given = value.$date;
  return typeof given === "object" ? Number(given.$numberLong ?? exact(given)) : Date.parse(given);
}

/** Return the value at a path: of a list, those of its elements that have one; undefined where there is none. */
export function valueAt(result, path) {
  let value = result;
  const names = path.split(".");
  for (let at = 0; at < names.length; at += 1) {
    if (Array.isArray(value)) {
      const rest = names.slice(at).join(".");
      const found = value.filter((each) => kindOf(each) === "document").map((each) => valueAt(each, rest));
      const there = found.filter((each) => each !== undefined);
      return there.length ? there : undefined;
    }
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, names[at])) return undefined;
    value = value[names[at]];
  }
  return value;
}

/** Return a value whole, on one line. */
export function whole(value) {
  const kind = kindOf(value);
  if (kind === "missing") return "";
  if (kind === "string") return value;
  if (kind === "number") return exact(value) ?? value.$numberDouble ?? String(value);
  if (kind === "date") return typeof value.$date === "string" ? value.$date : moment(dateOf(value));
  if (kind === "decimal") return value.$numberDecimal;
  if (kind === "objectId") return value.$oid;
  if (kind === "uuid") return value.$uuid;
  if (kind === "binary") return `${binaryLength(value).toLocaleString("en")} bytes of binary data`;
  return stringify(value);
}

/** Return a value in a few words, for a cell of a table. */
export function short(value, path = "") {
  const kind = kindOf(value);
  if (kind === "null") return "–";
  if (kind === "number") {
    const number = numberOf(value);
    const time = timeOf(value, path);
    if (time) return time;
    const text = whole(value);
    if (!Number.isFinite(number) || Number.isInteger(number)) return text.replace(/\.0$/, "");
    return text.length > 9 ? String(Number(number.toPrecision(7))) : text;
  }
  if (kind === "date") return moment(dateOf(value));
  if (kind === "list") {
    const isFlat = value.every((each) => kindOf(each) !== "list" && kindOf(each) !== "document");
    if (isFlat && value.length <= 8) return value.map((each) => short(each)).join(", ");
    return `${value.length.toLocaleString("en")} values`;
  }
  const text = whole(value);
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
}

/** Return the time that a number of seconds stands for, where it may be one; else nothing. */
export function timeOf(value, path) {
  const number = numberOf(value);
  return TIMES.has(path) && number > EARLIEST_SECONDS && number < LATEST_SECONDS ? moment(number * 1000) : "";
}

/** Return a time in UTC, to the second. */
export function moment(milliseconds) {
  const time = new Date(milliseconds);
  if (Number.isNaN(time.getTime())) return "no date";
  return time.toISOString().slice(0, 19).replace("T", " ");
}

/** Return how long ago a time was, in one word or two. */
export function ago(seconds) {
  const past = Math.max(0, Date.now() / 1000 - seconds);
  const steps = [[60, "s"], [60, "min"], [24, "h"], [365, "d"]];
  let number = past;
  for (const [size, unit] of steps) {
    if (number < size) return `${Math.floor(number)} ${unit} ago`;
    number /= size;
  }
  return `${number.toFixed(1)} y ago`;
}

function binaryLength(value) {
  const text = value.$binary.base64 ?? "";
  return Math.floor((text.length * 3) / 4) - (text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0);
}

export const thousands = (number) => number.toLocaleString("en");
