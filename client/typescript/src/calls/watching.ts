import { type Codec, split } from "../documents/codec.js";
import { ResultsError, unavailable } from "../errors.js";
import {
  ChangeKind as WireKind,
  type WatchRequest,
  type WatchResponse,
} from "../gen/workflow_results/v1/results_pb.js";
import type { Change, ChangeKind } from "../outcomes.js";
import { Attempts, IDEMPOTENT } from "./attempts.js";
import { dateOf } from "./times.js";

const KINDS: Readonly<Record<number, ChangeKind>> = {
  [WireKind.EXISTING]: "EXISTING",
  [WireKind.DEPOSITED]: "DEPOSITED",
  [WireKind.UPDATED]: "UPDATED",
  [WireKind.LOCKED]: "LOCKED",
  [WireKind.UNLOCKED]: "UNLOCKED",
  [WireKind.DELETED]: "DELETED",
  [WireKind.CHANGED]: "CHANGED",
  [WireKind.UNMATCHED]: "UNMATCHED",
  [WireKind.DROPPED]: "DROPPED",
};

/** A change that has arrived, decoded when it is asked for: several may share one result, which may be large. */
export interface Arrived {
  readonly token: Uint8Array;
  readonly change: () => Change;
}

/** A watch on its way through one stream after another, no change missing; without a clock. */
export class Watching {
  /** What to send for the next stream: its resume token moves on with what arrives. */
  readonly request: WatchRequest;
  /** The resume token behind what was handed on. */
  token: Uint8Array;
  readonly #what: string;
  readonly #codec: Codec;
  readonly #attempts = new Attempts(IDEMPOTENT);

  constructor(target: string, request: WatchRequest, codec: Codec) {
    this.request = request;
    this.token = request.resumeToken;
    this.#what = `Watch at ${target}`;
    this.#codec = codec;
  }

  /**
   * Note what has arrived.
   *
   * @returns The changes in it.
   * @throws ResultsError if a result is missing, or this client does not know what happened.
   */
  take(response: WatchResponse): Arrived[] {
    this.#attempts.progress();
    const results = split(response.results?.bson ?? new Uint8Array());
    const before = this.request.resumeToken;
    const behind = response.resumeToken.length > 0 ? response.resumeToken : before;
    const last = response.events.length - 1;
    const arrived = response.events.map((event, index) => {
      const kind = KINDS[event.kind];
      if (kind === undefined) {
        throw this.#failed("has changes that are not known to this client: is it older than the server?");
      }
      const data = event.resultIndex === undefined ? null : results[event.resultIndex];
      if (data === undefined) {
        throw this.#failed(`lost results: ${results.length} arrived in a response`);
      }
      const { pipeline, id, caller, reason, fields } = event;
      const token = index === last ? behind : before;
      const change = (): Change => ({
        ...{ kind, pipeline, id, caller, reason, fields, resumeToken: token, time: dateOf(event.time) },
        result: data && this.#codec.decode(data),
      });
      return { token, change };
    });
    if (response.snapshotComplete) {
      arrived.push({ token: behind, change: () => snapshotComplete(behind) });
    }
    this.request.resumeToken = behind;
    if (arrived.length === 0) {
      this.token = behind;
    }
    return arrived;
  }

  /** The error for a stream that ended, since none has an end. */
  ended(): ResultsError {
    return unavailable(`${this.#what} ended`);
  }

  /** Decide what follows a stream that failed; see `Attempts.pauseAfter`. */
  pauseAfter(error: ResultsError, left: number): number {
    return this.#attempts.pauseAfter(error, left);
  }

  #failed(problem: string): ResultsError {
    return new ResultsError(`${this.#what} ${problem}`, { kind: "other" });
  }
}

function snapshotComplete(resumeToken: Uint8Array): Change {
  const nothing = { pipeline: "", id: "", result: null, time: null, caller: "", reason: "", fields: [] };
  return { kind: "SNAPSHOT_COMPLETE", ...nothing, resumeToken };
}
