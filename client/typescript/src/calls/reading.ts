import type { Message } from "@bufbuild/protobuf";

import { split } from "../documents/codec.js";
import { ResultsError, unavailable } from "../errors.js";
import type { ResultPart } from "../gen/workflow_results/v1/results_pb.js";
import { Attempts, IDEMPOTENT } from "./attempts.js";

/** The request of a read. That of Top has no resume token. */
export type ReadRequest = Message & { resumeToken?: Uint8Array };

/** A response of a read. */
export interface ReadResponse {
  readonly part?: ResultPart | undefined;
}

/** A read on its way through one stream after another, nothing missing and nothing twice; without a clock. */
export class Reading {
  /** What to send for the next stream: its resume token moves on with what arrives. */
  readonly request: ReadRequest;
  readonly #what: string;
  readonly #resumes: boolean;
  readonly #attempts = new Attempts(IDEMPOTENT);
  #complete = false;
  #count = 0;
  /** What has arrived of a stream that begins anew where it breaks. */
  #kept: Uint8Array[] = [];

  constructor(method: string, target: string, request: ReadRequest) {
    this.request = request;
    this.#what = `${method} at ${target}`;
    this.#resumes = request.resumeToken !== undefined;
  }

  /** Whether all has arrived, so that it does not matter how the stream ends. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Note that a stream begins. */
  begin(): void {
    this.#count = 0;
    this.#kept = [];
  }

  /**
   * Note what has arrived.
   *
   * @returns The documents to hand on. Those of a stream that can't be resumed are kept until all have arrived.
   * @throws ResultsError if documents are missing.
   */
  take({ part }: ReadResponse): Uint8Array[] {
    let documents: Uint8Array[] = [];
    if (part?.batch) {
      documents = split(part.batch.results?.bson ?? new Uint8Array());
      this.#count += documents.length;
      if (this.#resumes) {
        this.request.resumeToken = part.batch.resumeToken;
      }
      this.#attempts.progress();
    }
    if (part?.summary) {
      if (part.summary.count !== BigInt(this.#count)) {
        throw new ResultsError(`${this.#what} lost results: ${this.#count} of ${part.summary.count} arrived`, {
          kind: "other",
        });
      }
      this.#complete = true;
    }
    if (this.#resumes) {
      return documents;
    }
    this.#kept.push(...documents);
    return this.#complete ? this.#kept : [];
  }

  /** Note that a stream has ended, which is an error before all has arrived. */
  end(): void {
    if (!this.#complete) {
      throw unavailable(`${this.#what} ended early, without a summary`);
    }
  }

  /** Decide what follows a stream that failed; see `Attempts.pauseAfter`. */
  pauseAfter(error: ResultsError, left: number): number {
    return this.#attempts.pauseAfter(error, left);
  }
}
