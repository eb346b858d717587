import type { PreparedWork } from "../documents/works.js";
import { ResultsError, unavailable } from "../errors.js";
import type { Receipt } from "../outcomes.js";
import type { PendingReceipt } from "./pending.js";
import { type Answer, receiptsOf } from "./receipts.js";

const PENDING_BYTES = 16 * 1024 * 1024;
const REQUEST_BYTES = 512 * 1024;
const REQUEST_WORKS = 1_000;
const REQUESTS_IN_FLIGHT = 8;
const GATHER_MS = 10;
/** The position of a work in a request, which means nothing to a caller that deposits works one by one. */
const POSITION = /works\[\d+\](?:\.|: )/;

/** A work and who waits for its receipt. */
interface Entry {
  readonly work: PreparedWork;
  readonly pending: PendingReceipt;
}

/** Works that go in one request. */
export interface PendingRequest {
  readonly sequence: bigint;
  readonly entries: Entry[];
  /** When its first work came, in milliseconds. */
  readonly began: number;
  size: number;
  /** Whether it must be the only one under way, so that an error can only be about it. */
  alone: boolean;
  outcomeUnknown: boolean;
}

/** The works of a depositor that are not acknowledged yet, as requests in their order. It looks at no clock. */
export class Backlog {
  /** How many requests were acknowledged. */
  acknowledged = 0;
  #sequence = 0n;
  #gathered: PendingRequest[] = [];
  #inFlight: PendingRequest[] = [];
  #bytes = 0;

  /** Whether so much waits that the next work has to wait before it. */
  get isFull(): boolean {
    return this.#bytes >= PENDING_BYTES;
  }

  /** Whether all is acknowledged. */
  get isEmpty(): boolean {
    return this.#gathered.length === 0 && this.#inFlight.length === 0;
  }

  /** Whether something was sent and is not acknowledged. */
  get isUnderWay(): boolean {
    return this.#inFlight.length > 0;
  }

  /** The receipts that are waited for. */
  pending(): PendingReceipt[] {
    return this.#requests().flatMap(({ entries }) => entries.map(({ pending }) => pending));
  }

  #requests(): PendingRequest[] {
    return [...this.#inFlight, ...this.#gathered];
  }

  /** Take on a work. */
  add(work: PreparedWork, pending: PendingReceipt, now: number): void {
    let last = this.#gathered.at(-1);
    if (!last || last.alone || isFull(last, work.data.length)) {
      last = this.#request([], now);
      this.#gathered.push(last);
    }
    last.entries.push({ work, pending });
    last.size += work.data.length;
    this.#bytes += work.data.length;
  }

  #request(entries: Entry[], began: number): PendingRequest {
    const size = entries.reduce((sum, { work }) => sum + work.data.length, 0);
    return { sequence: ++this.#sequence, entries, began, size, alone: false, outcomeUnknown: false };
  }

  /** Make all that is not acknowledged ready for a new stream. */
  restart(): void {
    this.#gathered.unshift(...this.#inFlight);
    this.#inFlight = [];
  }

  /**
   * How many milliseconds to wait before the next request is sent; Infinity until something is acknowledged or comes.
   *
   * @param closing - Whether no further work comes.
   */
  wait(now: number, closing: boolean): number {
    const [first, second] = this.#gathered;
    const [before] = this.#inFlight;
    if (!first) {
      return Infinity;
    }
    if (!before) {
      return 0;
    }
    if (first.alone || before.alone || this.#inFlight.length >= REQUESTS_IN_FLIGHT) {
      return Infinity;
    }
    return closing || second || isFull(first, 0) ? 0 : Math.max(0, first.began + GATHER_MS - now);
  }

  /** Take off the request that is to be sent next. */
  take(): PendingRequest | undefined {
    const request = this.#gathered.shift();
    if (request) {
      this.#inFlight.push(request);
    }
    return request;
  }

  /**
   * Note what the service says about the first request under way.
   *
   * @throws ResultsError if it says that of another one.
   */
  acknowledge(sequence: bigint, answer: Answer): void {
    const [request] = this.#inFlight;
    if (request?.sequence !== sequence) {
      const expected = request?.sequence ?? "none";
      throw new ResultsError(`the service acknowledged request ${sequence} instead of ${expected}`, {
        kind: "other",
        outcomeUnknown: true,
      });
    }
    const works = request.entries.map(({ work }) => work);
    this.#settle(request, receiptsOf(works, answer));
  }

  #settle({ entries, size }: PendingRequest, outcomes: readonly (Receipt | ResultsError)[]): void {
    this.#inFlight.shift();
    this.#bytes -= size;
    this.acknowledged++;
    outcomes.forEach((outcome, index) => entries[index]?.pending.settle(outcome));
  }

  /**
   * Note that the service has ended the stream.
   *
   * @throws ResultsError if it has not acknowledged all that was sent.
   */
  endStream(): void {
    if (this.isUnderWay) {
      const early = unavailable("the service ended the stream before it had acknowledged all works");
      early.outcomeUnknown = true;
      throw early;
    }
  }

  /** Note that a stream has failed with which some requests were under way. */
  interrupted(error: ResultsError): void {
    for (const request of this.#inFlight) {
      request.outcomeUnknown ||= error.outcomeUnknown;
    }
  }

  /**
   * Let the works fail that an error is about, and the others be sent again.
   *
   * Acknowledgements may be lost behind an error, so that only a request that is alone on its way is known to be at
   * fault. It is divided until only works at fault are left in it.
   *
   * @returns Whether they can be told apart; if not, none of them can be deposited.
   */
  sortOut(error: ResultsError): boolean {
    const [request] = this.#inFlight;
    if (!request || !this.#isAboutSome(error)) {
      return false;
    }
    if (this.#inFlight.length > 1) {
      for (const each of this.#inFlight) {
        each.alone = each.outcomeUnknown = true;
      }
      return true;
    }
    const parts = divide(request.entries, error);
    if (parts.length > 1) {
      const { began, outcomeUnknown } = request;
      this.#inFlight = parts.map((part) => ({ ...this.#request(part, began), alone: true, outcomeUnknown }));
    } else {
      const errors = request.entries.map(({ work }) => aboutOne(work, error, request.outcomeUnknown));
      this.#settle(request, errors);
    }
    return true;
  }

  #isAboutSome({ kind, reason }: ResultsError): boolean {
    if (kind === "permission_denied" && reason === "ROLE") {
      return this.#inFlight.some(({ entries }) => entries.some(({ work }) => work.locked));
    }
    return kind === "invalid_request" || (kind === "permission_denied" && reason === "PIPELINE");
  }

  /** Give up what is not acknowledged, because of an error that gets its works. */
  fail(error: ResultsError): void {
    const lost = this.#requests();
    const entries = lost.flatMap((request) => request.entries);
    [this.#inFlight, this.#gathered, this.#bytes] = [[], [], 0];
    error.works = entries.map(({ work }) => work.work);
    error.outcomeUnknown ||= lost.some(({ outcomeUnknown }) => outcomeUnknown);
    for (const { pending } of entries) {
      pending.settle(error);
    }
  }
}

function isFull({ entries, size }: PendingRequest, more: number): boolean {
  return entries.length >= REQUEST_WORKS || (size > 0 && size + Math.max(more, 1) > REQUEST_BYTES);
}

/** Divide works by what decides about them: their pipeline, whether they are locked, or nothing known, then by half. */
function divide(entries: readonly Entry[], error: ResultsError): Entry[][] {
  if (error.kind === "invalid_request") {
    const half = Math.ceil(entries.length / 2);
    return [entries.slice(0, half), entries.slice(half)].filter(({ length }) => length > 0);
  }
  const parts = new Map<unknown, Entry[]>();
  for (const entry of entries) {
    const key = error.reason === "ROLE" ? entry.work.locked : entry.work.pipeline;
    parts.set(key, [...(parts.get(key) ?? []), entry]);
  }
  return [...parts.values()];
}

function aboutOne({ work, pipeline, id }: PreparedWork, error: ResultsError, outcomeUnknown: boolean): ResultsError {
  const { kind, code, reason, fields, callId } = error;
  const message = `${pipeline} ${JSON.stringify(id)}: ${error.message.replace(POSITION, "")}`;
  const parts = { kind, code, reason, fields, callId, outcomeUnknown, works: [work], cause: error };
  return new ResultsError(message, parts);
}
