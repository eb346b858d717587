import {
  type DescField,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  ScalarType,
  toBinary,
} from "@bufbuild/protobuf";

import { invalid } from "../errors.js";
import { shown } from "../settings.js";

/** The largest request, in bytes. */
export const REQUEST_BYTES = 32 * 1024 * 1024;

/** The path of a method for HTTP. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/**
 * Encode a request.
 *
 * @throws ResultsError if a field has a wrong type, or the request is too large.
 */
export function requestOf<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Buffer {
  for (const field of schema.fields) {
    checkField(field, (message as Record<string, unknown>)[field.localName]);
  }
  let data: Uint8Array;
  try {
    data = toBinary(schema, message);
  } catch (error) {
    throw invalid((error as Error).message, error);
  }
  if (data.length > REQUEST_BYTES) {
    const [is, most] = [data.length, REQUEST_BYTES].map((bytes) => bytes.toLocaleString("en-US"));
    throw invalid(`the request has ${is} bytes; one call can have at most ${most}: make several calls`);
  }
  return Buffer.from(data.buffer, data.byteOffset, data.length);
}

/** Refuse what would be sent as something else: as text or true, or with another character for half of a pair. */
function checkField({ fieldKind, localName: name, scalar }: DescField, value: unknown): void {
  const isList = fieldKind === "list";
  if (scalar === ScalarType.STRING && !(isList ? (value as unknown[]) : [value]).every(isText)) {
    throw invalid(`${name} must be ${isList ? "a list of strings" : "a string"}, not ${shown(value)}`);
  }
  if (scalar === ScalarType.BOOL && typeof value !== "boolean") {
    throw invalid(`${name} must be true or false, not ${shown(value)}`);
  }
  if (scalar === ScalarType.BYTES && !(value instanceof Uint8Array)) {
    throw invalid(`${name} must be bytes, not ${shown(value)}`);
  }
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.isWellFormed();
}

/** Return what decodes the responses of a method. */
export function responsesOf<Desc extends DescMessage>(schema: Desc): (data: Buffer) => MessageShape<Desc> {
  return (data) => fromBinary(schema, data);
}

/** What sends a request that is encoded already. */
export function asIs(data: Buffer): Buffer {
  return data;
}
