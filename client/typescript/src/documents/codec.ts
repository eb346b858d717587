import { BSON, type Document } from "bson";

import { invalid, ResultsError } from "../errors.js";
import type { Given } from "../outcomes.js";
import { shown } from "../settings.js";
import { flawOf } from "./flaws.js";

const PLAIN: BSON.DeserializeOptions = { useBigInt64: true, bsonRegExp: true };
/** How documents are decoded so that they are encoded again as they were. */
export const EXACT: BSON.DeserializeOptions = { promoteValues: false, bsonRegExp: true };
const UNCHECKED: BSON.DeserializeOptions = { validation: { utf8: false } };
/** A string with the name `_id`: its type, its name and the end of it. */
const ID = Buffer.from("\x02_id\0");
const HEAD_BYTES = 4;
/** What `BSON.serialize` has room for: it cuts off the rest without a word. */
const SERIALIZED_BYTES = 17 * 1024 * 1024;
/** What it says of bytes that it has no room for. */
const NO_ROOM = "offset is out of bounds";

/** Decodes BSON into the values that callers get. */
export class Codec {
  readonly #options: BSON.DeserializeOptions;
  readonly #unchecked: BSON.DeserializeOptions;

  /** @param exact - Whether numbers come as `Int32`, `Long` and `Double`, which are encoded again as they were. */
  constructor(exact: boolean) {
    this.#options = exact ? EXACT : PLAIN;
    this.#unchecked = { ...this.#options, ...UNCHECKED };
  }

  /** Decode a document, without MongoDB's `_id`. */
  decode(data: Uint8Array): Document {
    let document: Document;
    try {
      document = BSON.deserialize(data, this.#unchecked);
      if (hasReplacement(document)) {
        BSON.deserialize(data, this.#options); // which checks UTF-8, at twice the cost
      }
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
  let flaw: string | undefined;
  let data: Uint8Array;
  try {
    data = BSON.serialize(given);
    flaw = flawOf(given);
  } catch (error) {
    const { message } = error as Error;
    throw invalid(message === NO_ROOM ? tooLong(path) : `${path} can't be encoded as BSON: ${message}`, error);
  }
  if (data.length > SERIALIZED_BYTES) {
    throw invalid(tooLong(path));
  }
  if (flaw !== undefined) {
    throw invalid(`${path}${flaw}`);
  }
  return data;
}

function tooLong(path: string): string {
  return `${path} has more than 16 MiB of BSON`;
}

/** Whether there is a character in a value that stands for broken UTF-8, or for itself. */
function hasReplacement(value: unknown): boolean {
  if (typeof value === "string") {
    return value.includes("\uFFFD");
  }
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) {
    return false;
  }
  return Array.isArray(value) ? value.some(hasReplacement) : Object.values(value).some(hasReplacement);
}

function isFramed(data: Uint8Array): boolean {
  return data.length > HEAD_BYTES && bufferOf(data).readInt32LE() === data.length && data[data.length - 1] === 0;
}

function bufferOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.length);
}

/**
 * Divide documents that stand back to back, and take MongoDB's `_id` off each: a string that comes first.
 *
 * The bytes of the ids are overwritten by the new heads, so that nothing is copied.
 */
export function split(data: Uint8Array): Uint8Array[] {
  const [all, documents] = [bufferOf(data), new Array<Uint8Array>()];
  for (let start = 0; start < all.length;) {
    const end = start + (start + HEAD_BYTES < all.length ? all.readInt32LE(start) : 0);
    const head = end > start + HEAD_BYTES && end <= all.length ? withoutId(all, start, end) : end;
    if (head + HEAD_BYTES >= end) {
      throw new ResultsError("the service has sent documents with wrong lengths", { kind: "other" });
    }
    all.writeInt32LE(end - head, head);
    documents.push(all.subarray(head, end));
    start = end;
  }
  return documents;
}

/** Find where a document can begin so that it is without its `_id`. */
function withoutId(all: Buffer, start: number, end: number): number {
  const [name, size] = [start + HEAD_BYTES, start + HEAD_BYTES + ID.length];
  const text = size + HEAD_BYTES;
  const hasId = text < end && all.compare(ID, 0, ID.length, name, size) === 0;
  return hasId ? text + all.readInt32LE(size) - HEAD_BYTES : start;
}
