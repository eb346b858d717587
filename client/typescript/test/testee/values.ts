import { BSON, type Document } from "bson";

import { type Change, type Given, type Receipt, ResultsError } from "../../src/index.js";

/** What comes in a command, and what goes into an answer. */
export type Fields = Record<string, unknown>;

/** How documents are read by a client that is `exact`. */
const EXACT: BSON.DeserializeOptions = { promoteValues: false, bsonRegExp: true };

/** Turn hexadecimal digits into what the facade takes. */
export function decode(digits: string): Document {
  return BSON.deserialize(Buffer.from(digits, "hex"), EXACT);
}

/** Turn hexadecimal digits into what the facade takes; where an object would not keep all of it, into bytes. */
export function given(digits: string): Given {
  const data = Buffer.from(digits, "hex");
  try {
    const document = decode(digits);
    return Buffer.compare(BSON.serialize(document), data) === 0 ? document : data;
  } catch {
    return data;
  }
}

/** Turn what the facade gives into hexadecimal digits. */
export function encode(document: Document): string {
  return Buffer.from(BSON.serialize(document)).toString("hex");
}

/** Bytes as hexadecimal digits. */
export function hex(data: Uint8Array): string {
  return Buffer.from(data).toString("hex");
}

/** An answer as a line of JSON; a bigint is a number of as many digits as it has. */
export function line(answer: Fields): string {
  const text = JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? `\u0000${value}` : value));
  return text.replaceAll(/"\\u0000(-?[0-9]+)"/g, "$1");
}

/** An error as a part of an answer. */
export function failure(error: unknown): Fields {
  if (!(error instanceof ResultsError)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { kind: "other", code: "", reason: "", fields: [], message, call_id: "", outcome_unknown: false };
  }
  const { kind, code, reason, fields, message, callId, outcomeUnknown } = error;
  return { kind, code, reason, fields, message, call_id: callId, outcome_unknown: outcomeUnknown };
}

/** An object with its names in the way of other languages: `sizeBytes` becomes `size_bytes`, and times are numbers. */
export function snake(value: unknown): unknown {
  if (value instanceof Date) {
    return value.getTime();
  }
  if (Array.isArray(value)) {
    return value.map(snake);
  }
  if (typeof value === "object" && value !== null) {
    const named = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [named(name), snake(each)]));
  }
  return value;
}

/** Receipts as a part of an answer. */
export function receipts(list: readonly Receipt[]): Fields {
  return { receipts: list.map(({ pipeline, id, outcome, reason }) => ({ pipeline, id, outcome, reason })) };
}

/** A change as a part of an answer. */
export function change({ result, resumeToken, ...fields }: Change): Fields {
  const told = snake(fields) as Fields;
  return { ...told, result: result && encode(result), resume_token: hex(resumeToken) };
}
