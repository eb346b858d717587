import { types } from "node:util";

import type { Document } from "bson";

import { shown } from "../settings.js";

const INT64_BITS = 64;

/**
 * Find a value that `BSON.serialize` would change without a word: an integer beyond 64 bits would lose its upper bits,
 * an invalid date become one of 1970, half of a surrogate pair another character, and a set or an error an empty document.
 *
 * @returns The path to it, and what is wrong with it.
 */
export function flawOf(value: unknown): string | undefined {
  if (typeof value === "bigint") {
    return BigInt.asIntN(INT64_BITS, value) === value ? undefined : ` must fit into 64 bits, and is ${value}`;
  }
  if (typeof value === "string") {
    return value.isWellFormed() ? undefined : " must not have half of a surrogate pair";
  }
  if (typeof value !== "object" || value === null) {
    return undefined;
  }
  const converted = value as { toBSON?: () => unknown };
  if (typeof converted.toBSON === "function") {
    return flawOf(converted.toBSON());
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? " must be a valid date" : undefined;
  }
  if (value instanceof Uint8Array || "_bsontype" in value) {
    return undefined;
  }
  if (isForeign(value)) {
    return ` must be of a type that BSON has, not ${shown(value)}`;
  }
  return flawIn(value);
}

function flawIn(value: object): string | undefined {
  const names = value instanceof Map || Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const name of names as Iterable<string>) {
    const flaw = flawOf(value instanceof Map ? value.get(name) : (value as Document)[name]);
    if (flaw !== undefined) {
      return `.${name}${flaw}`;
    }
  }
  return undefined;
}

/** Whether BSON has nothing for a value, of which `BSON.serialize` would write the fields that can be seen, if any. */
function isForeign(value: object): boolean {
  return (
    types.isSet(value) ||
    types.isPromise(value) ||
    types.isNativeError(value) ||
    types.isBoxedPrimitive(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value)
  );
}
