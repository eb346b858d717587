import type { ResultsError } from "../errors.js";

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * What is tried again besides calls that found the service unavailable and have changed nothing: calls that may have
 * changed something (`unknown`), and those whose deadline has passed, where that is not the deadline of all attempts
 * (`late`).
 */
export interface Policy {
  readonly unknown: boolean;
  readonly late: boolean;
}

/** For calls that may be carried out twice, and reads that resume. */
export const IDEMPOTENT: Policy = { unknown: true, late: false };
/** For calls that must be carried out once. */
export const ONCE: Policy = { unknown: false, late: false };
/** For depositors, which replace their streams. */
export const STREAM_OF_DEPOSITS: Policy = { unknown: true, late: true };

const ONCE_WITHOUT_ID = new Set(["Update", "DeleteIds", "Lock", "Unlock"]);

/** The policy for a method with one answer. */
export function policyFor(method: string, requestId: string): Policy {
  return ONCE_WITHOUT_ID.has(method) && !requestId ? ONCE : IDEMPOTENT;
}

/**
 * The attempts at one call, or at going on with one stream: whether what has failed is tried again, and after which
 * pause. It looks at no clock and does not sleep. The table is in docs/reference/retries.md.
 */
export class Attempts {
  readonly #policy: Policy;
  readonly #random: () => number;
  #longest = FIRST_PAUSE_MS;
  #before: ResultsError | undefined;

  constructor(policy: Policy, random: () => number = Math.random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** Note that the service has answered: what fails from now on has nothing to do with earlier failures. */
  progress(): void {
    this.#longest = FIRST_PAUSE_MS;
    this.#before = undefined;
  }

  /**
   * Decide what follows an attempt that failed.
   *
   * @param error - What has become of it.
   * @param left - The milliseconds that are left for further attempts.
   * @returns The milliseconds to wait before the next attempt.
   * @throws ResultsError if there is none: the error, or that of the attempt before if that says more. If an earlier
   * attempt may have changed something, it says so, too.
   */
  pauseAfter(error: ResultsError, left: number): number {
    const before = this.#before;
    this.#before = error;
    error.outcomeUnknown ||= before?.outcomeUnknown ?? false;
    const late = error.kind === "deadline_exceeded";
    if (error.kind !== "unavailable" && !late) {
      throw error;
    }
    const refused = (late && !this.#policy.late) || (error.outcomeUnknown && !this.#policy.unknown);
    const pause = Math.max(this.#longest * (0.5 + this.#random() / 2), error.retryDelayMs);
    this.#longest = Math.min(2 * this.#longest, LONGEST_PAUSE_MS);
    if (refused || pause >= left) {
      if (late && before && !error.reason) {
        before.outcomeUnknown = error.outcomeUnknown;
        throw before;
      }
      throw error;
    }
    return pause;
  }
}
