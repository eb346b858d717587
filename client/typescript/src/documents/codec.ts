import { BSON, type Document } from "bson";

import { invalid, ResultsError } from "../errors.js";
import type { Given } from "../outcomes.js";
import { shown } from "../settings.js";

const PLAIN: BSON.DeserializeOptions = { useBigInt64: true, bsonRegExp: true };
/** How documents are decoded so that they are encoded again as they were. */
export const EXACT: BSON.DeserializeOptions = { promoteValues: false, bsonRegExp: true };
const STRING = 0x02;
/** The name `_id` and its end. */
const ID = [0x5f, 0x69, 0x64, 0x00];
const HEAD_BYTES = 4;
/** What `BSON.serialize` has room for: it cuts off the rest without a word. */
const SERIALIZED_BYTES = 17 * 1024 * 1024;

/** Decodes BSON into the values that callers get. */
export class Codec {
  readonly #options: BSON.DeserializeOptions;

  /** @param exact - Whether numbers come as `Int32`, `Long` and `Double`, which are encoded again as they were. */
  constructor(exact: boolean) {
    this.#options = exact ? EXACT : PLAIN;
  }

  /** Decode a document, without MongoDB's `_id`. */
  decode(data: Uint8Array): Document {
    let document: Document;
    try {
      document = BSON.deserialize(data, this.#options);
    } catch (error) {
      throw new ResultsError(`the service has sent a document that is no valid BSON: ${(error as Error).message}`, {
        kind: "other",
        cause: error,
      });
    }
    delete document["_id"];
    return document;
  }
}

/**
 * Encode a document.
 *
 * @param path - What it is called in errors.
 */
export function encode(given: Given, path: string): Uint8Array {
  if (given instanceof Uint8Array) {
    if (!isFramed(given)) {
      throw invalid(`${path} must be one BSON document if it is given as bytes`);
    }
    return given;
  }
  const value: unknown = given;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${path} must be an object, a Map or BSON as bytes, not ${shown(given)}`);
  }
  let date: string | undefined;
  let data: Uint8Array;
  try {
    date = invalidDate(given);
    data = BSON.serialize(given);
  } catch (error) {
    throw invalid(`${path} can't be encoded as BSON: ${(error as Error).message}`, error);
  }
  if (date !== undefined) {
    throw invalid(`${path}${date} must be a valid date`);
  }
  if (data.length > SERIALIZED_BYTES) {
    throw invalid(`${path} has more than 16 MiB of BSON`);
  }
  return data;
}

/** Find a date that is none, which `BSON.serialize` would make one of 1970, and return the path to it. */
function invalidDate(value: object): string | undefined {
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "" : undefined;
  }
  if (value instanceof Uint8Array || "_bsontype" in value) {
    return undefined;
  }
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  for (const [name, each] of entries) {
    const found = typeof each === "object" && each !== null ? invalidDate(each) : undefined;
    if (found !== undefined) {
      return `.${String(name)}${found}`;
    }
  }
  return undefined;
}

function isFramed(data: Uint8Array): boolean {
  return data.length > HEAD_BYTES && length(data, 0) === data.length && data[data.length - 1] === 0;
}

function length(data: Uint8Array, offset: number): number {
  return new DataView(data.buffer, data.byteOffset).getInt32(offset, true);
}

/**
 * Divide documents that stand back to back, and take MongoDB's `_id` off each: a string that comes first.
 *
 * The bytes of the ids are overwritten by the new heads, so that nothing is copied.
 */
export function split(data: Uint8Array): Uint8Array[] {
  const documents: Uint8Array[] = [];
  for (let start = 0; start < data.length;) {
    const end = start + (start + HEAD_BYTES < data.length ? length(data, start) : 0);
    if (end <= start + HEAD_BYTES || end > data.length) {
      throw new ResultsError("the service has sent documents with wrong lengths", { kind: "other" });
    }
    documents.push(withoutId(data.subarray(start, end)));
    start = end;
  }
  return documents;
}

function withoutId(document: Uint8Array): Uint8Array {
  if (document[HEAD_BYTES] !== STRING || !ID.every((byte, index) => document[HEAD_BYTES + 1 + index] === byte)) {
    return document;
  }
  const text = HEAD_BYTES + 1 + ID.length + HEAD_BYTES;
  const head = text + length(document, text - HEAD_BYTES) - HEAD_BYTES;
  const rest = document.subarray(head);
  new DataView(rest.buffer, rest.byteOffset).setInt32(0, rest.length, true);
  return rest;
}
