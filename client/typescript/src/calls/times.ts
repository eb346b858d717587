import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** A time to the millisecond; null where there is none. */
export function dateOf(time: Timestamp | undefined): Date | null {
  return time ? new Date(Number(time.seconds) * 1000 + Math.floor(time.nanos / 1e6)) : null;
}
