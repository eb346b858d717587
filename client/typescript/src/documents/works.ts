import { BSON, type Document, ObjectId } from "bson";

import { invalid } from "../errors.js";
import type { Work } from "../outcomes.js";
import { shown } from "../settings.js";
import { encode, EXACT } from "./codec.js";

/** A work that is ready to be sent. */
export interface PreparedWork {
  /** The work, with the id that it got if it had none. */
  readonly work: Work;
  readonly data: Uint8Array;
  readonly pipeline: string;
  readonly id: string;
  /** Whether `results.locked` is true, which not every caller may deposit. */
  readonly locked: boolean;
}

/**
 * Give ids to works without one, and encode them.
 *
 * @param works - The works; they are not changed.
 */
export function prepareAll(works: readonly Work[]): PreparedWork[] {
  return checkedList(works).map((work, index) => prepare(work, `works[${index}]`));
}

/** Encode the works of an update, which need their ids. */
export function encodeAll(works: readonly Work[]): Uint8Array {
  return Buffer.concat(checkedList(works).map((work, index) => encode(work, `works[${index}]`)));
}

function checkedList(works: readonly Work[]): readonly Work[] {
  const value: unknown = works;
  if (!Array.isArray(value)) {
    throw invalid(`works must be an array, not ${shown(works)}`);
  }
  return works;
}

/**
 * Give an id to a work without one, and encode it.
 *
 * @param path - What it is called in errors.
 */
export function prepare(given: Work, path: string): PreparedWork {
  let work = given;
  let head = readable(given);
  const missing = field(head, "id");
  if (
    typeof head === "object" &&
    head !== null &&
    !Array.isArray(head) &&
    (missing === undefined || missing === null)
  ) {
    const id = new ObjectId().toHexString();
    work = withId(given, id, missing === undefined);
    head = readable(work);
  }
  const results = field(head, "results");
  return {
    work,
    data: encode(work, path),
    pipeline: text(field(head, "pipeline")),
    id: text(field(head, "id")),
    locked: field(results, "locked") === true,
  };
}

/** A work as its fields can be read; bytes that are no BSON have none, and an id that is not missing. */
function readable(given: Work): unknown {
  if (!(given instanceof Uint8Array)) {
    return given;
  }
  try {
    return BSON.deserialize(given);
  } catch {
    return { id: "" };
  }
}

/** A field, as far as there is one: whether it is valid is for the service to say. */
function field(given: unknown, name: string): unknown {
  if (given instanceof Map) {
    return given.get(name);
  }
  return typeof given === "object" && given !== null ? (given as Document)[name] : undefined;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function withId(given: Work, id: string, missing: boolean): Work {
  if (given instanceof Uint8Array) {
    return missing
      ? appended(given, BSON.serialize({ id }))
      : BSON.serialize({ ...BSON.deserialize(given, EXACT), id });
  }
  if (given instanceof Map) {
    return new Map(given).set("id", id);
  }
  return { ...(given as Document), id };
}

/** Put the fields of one document behind those of another one, which stay as they are. */
function appended(document: Uint8Array, more: Uint8Array): Uint8Array {
  const joined = Buffer.concat([document.subarray(0, -1), more.subarray(4)]);
  joined.writeInt32LE(joined.length);
  return joined;
}
