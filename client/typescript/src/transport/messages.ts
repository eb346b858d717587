import { type DescMessage, type DescMethod, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";

import { invalid } from "../errors.js";

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

/** Return what decodes the responses of a method. */
export function responsesOf<Desc extends DescMessage>(schema: Desc): (data: Buffer) => MessageShape<Desc> {
  return (data) => fromBinary(schema, data);
}

/** What sends a request that is encoded already. */
export function asIs(data: Buffer): Buffer {
  return data;
}
