// The query: one text of JSON, and the conditions in it that can be shown one by one.

import { parse, short, stringify } from "./format.js";

const SIGNS = { $gt: ">", $gte: "≥", $lt: "<", $lte: "≤", $ne: "≠", $eq: "=" };
export const OPERATORS = [
  ["=", "is"],
  ["$ne", "is not"],
  ["$gt", ">"],
  ["$gte", "≥"],
  ["$lt", "<"],
  ["$lte", "≤"],
  ["$regex", "contains"],
  ["$exists", "is there"],
  ["$missing", "is missing"],
];

/** Return the conditions of a query, `null` where its text is no document. */
export function conditionsOf(text) {
  if (!text.trim()) return [];
  let query;
  try {
    query = parse(text);
  } catch {
    return null;
  }
  if (query === null || typeof query !== "object" || Array.isArray(query)) return null;
  return Object.entries(query).flatMap(([name, value]) => {
    if (name !== "$and" || !Array.isArray(value)) return [{ [name]: value }];
    return value.flatMap((each) => (isSingle(each) ? [each] : [{ $and: [each] }]));
  });
}

const isSingle = (each) => each !== null && typeof each === "object" && Object.keys(each).length === 1;

/** Return the text of a query with some conditions. */
export function textOf(conditions) {
  const query = {};
  const repeated = [];
  for (const condition of conditions) {
    const [[name, value]] = Object.entries(condition);
    if (name === "$and") repeated.push(...value);
    else if (Object.hasOwn(query, name)) repeated.push(condition);
    else query[name] = value;
  }
  if (repeated.length) query.$and = repeated;
  return Object.keys(query).length ? stringify(query) : "";
}

/** Return a condition as people write it. */
export function wording(condition) {
  const [[name, value]] = Object.entries(condition);
  if (name.startsWith("$")) return stringify(condition);
  if (name === "results.locked" && value === true) return "locked";
  const isOperator = value !== null && typeof value === "object" && Object.keys(value)[0]?.startsWith("$");
  if (!isOperator || ["$date", "$oid", "$numberDouble", "$numberDecimal"].includes(Object.keys(value)[0]))
    return `${name} = ${short(value, name)}`;
  return Object.entries(value)
    .filter(([operator]) => operator !== "$options")
    .map(([operator, operand]) => {
      if (operator === "$exists") return `${name} ${operand ? "is there" : "is missing"}`;
      if (operator === "$regex") return `${name} contains ${unescaped(short(operand))}`;
      return `${name} ${SIGNS[operator] ?? operator.slice(1)} ${short(operand, name)}`;
    })
    .join(" and ");
}

/** Return the condition that somebody has put together. */
export function conditionOf(path, operator, text) {
  if (operator === "$exists") return { [path]: { $exists: true } };
  if (operator === "$missing") return { [path]: { $exists: false } };
  if (operator === "$regex") return { [path]: { $regex: escaped(text), $options: "i" } };
  const value = valueOf(text);
  return { [path]: operator === "=" ? value : { [operator]: value } };
}

/** Return what a text stands for: a JSON value, a date, or else itself. */
function valueOf(text) {
  const trimmed = text.trim();
  if (/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?Z?$/.test(trimmed)) {
    const time = new Date(`${trimmed.replace(" ", "T").replace("Z", "")}${trimmed.length > 11 ? "Z" : ""}`);
    if (!Number.isNaN(time.getTime())) return { $date: time.toISOString() };
  }
  try {
    return parse(trimmed);
  } catch {
    return text;
  }
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const unescaped = (text) => text.replace(/\\([.*+?^${}()|[\]\\])/g, "$1");

/** Add a condition to a query, if it doesn't stand there yet. */
export function added(text, condition) {
  const conditions = conditionsOf(text) ?? [];
  const shown = stringify(condition);
  if (conditions.some((each) => stringify(each) === shown)) return text;
  return textOf([...conditions, condition]);
}

/** Remove the conditions on a field, and add others. */
export function replaced(text, path, ...others) {
  const conditions = (conditionsOf(text) ?? []).filter((each) => Object.keys(each)[0] !== path);
  return textOf([...conditions, ...others]);
}
