import type { PreparedWork } from "../documents/works.js";

const REQUEST_BYTES = 1024 * 1024;
const REQUEST_WORKS = 10_000;
const REQUESTS_IN_FLIGHT = 4;

/** Works that go in one request, and the position of the first among all. */
export interface Batch {
  readonly start: number;
  readonly works: readonly PreparedWork[];
}

/** Divide works into requests of a good size; one that is larger goes alone. */
export function divide(works: readonly PreparedWork[]): Batch[] {
  const batches: Batch[] = [];
  let [start, size] = [0, 0];
  works.forEach(({ data }, index) => {
    if (index > start && (size + data.length > REQUEST_BYTES || index - start === REQUEST_WORKS)) {
      batches.push({ start, works: works.slice(start, index) });
      [start, size] = [index, 0];
    }
    size += data.length;
  });
  if (start < works.length) {
    batches.push({ start, works: works.slice(start) });
  }
  return batches;
}

/**
 * How many requests with works may be under way at a time: works with the same id are stored in their order, so that
 * requests with some must not overtake each other.
 */
export function requestsInFlight(works: readonly PreparedWork[]): number {
  const ids = new Set(works.map(({ pipeline, id }) => `${pipeline}\0${id}`));
  return ids.size < works.length ? 1 : REQUESTS_IN_FLIGHT;
}
