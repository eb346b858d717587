import { create } from "@bufbuild/protobuf";
import { status, type StatusObject } from "@grpc/grpc-js";

import { Attempts, STREAM_OF_DEPOSITS } from "../calls/attempts.js";
import { cancelOn, checkSignal } from "../cancellation.js";
import { Deadline, seconds } from "../deadline.js";
import { prepare, type PreparedWork } from "../documents/works.js";
import { asResultsError, ResultsError, unavailable } from "../errors.js";
import {
  DepositStreamRequestSchema,
  type DepositStreamResponse,
  ResultsService,
} from "../gen/workflow_results/v1/results_pb.js";
import type { Receipt, Work } from "../outcomes.js";
import { pause } from "../transport/pause.js";
import type { CallOptions, Place, Service } from "../transport/service.js";
import { Backlog } from "./backlog.js";
import { PendingReceipt } from "./pending.js";
import { tooLarge } from "./receipts.js";

/** How long a stream is waited for that acknowledges nothing. */
const WATCHDOG_MS = 10_000;
/** How long a stream is kept open without works: an open one keeps the process alive. */
const IDLE_MS = 1_000;
const NAMED_IN_ERRORS = 5;
const METHOD = ResultsService.method.depositStream;

/** A work that waits for room. */
interface Waiting {
  readonly work: PreparedWork;
  readonly pending: PendingReceipt;
  readonly resolve: () => void;
  readonly reject: (error: ResultsError) => void;
}

/**
 * Deposits works one by one: they go together over one stream, which costs the server far less than one call for each.
 *
 * If the stream breaks, what is not acknowledged is sent again, in its order. A depositor gives up when nothing was
 * acknowledged for 60 s, or for its `timeoutMs`, or that of the client if that is shorter.
 */
export class Depositor {
  readonly #service: Service;
  readonly #signal: AbortSignal | undefined;
  readonly #patienceMs: number;
  readonly #backlog = new Backlog();
  /** Those of works that are not stored, and that nobody had asked for by then. */
  readonly #notStored = new Set<PendingReceipt>();
  #waiting: Waiting[] = [];
  #progress: Deadline;
  #running: Promise<void> | undefined;
  #pump: (() => void) | undefined;
  #failure: ResultsError | undefined;
  #closing = false;

  /** @internal */
  constructor(service: Service, options: CallOptions) {
    this.#service = service;
    checkSignal(options.signal);
    this.#signal = options.signal;
    this.#patienceMs = Math.min(service.deadline(options.timeoutMs).ms, service.patienceMs);
    this.#progress = Deadline.after(this.#patienceMs);
  }

  /**
   * Deposit a work. Resolves at once, and while more than 16 MiB are not acknowledged, when there is room again: await
   * it before you give the next work. Works with the same id are stored in the order in which they are given.
   *
   * @param work - The work; it is not changed. If it has no `id`, it gets one.
   * @returns What the receipt can be asked of.
   * @throws ResultsError if the work can't be encoded, or the depositor is closed or has failed.
   */
  async deposit(work: Work): Promise<PendingReceipt> {
    this.#checkOpen();
    const prepared = prepare(work, "work");
    const pending = new PendingReceipt(prepared, this.#settled);
    const rejected = tooLarge(prepared);
    if (rejected) {
      pending.settle(rejected);
    } else if (this.#backlog.isFull) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ work: prepared, pending, resolve, reject }));
    } else {
      this.#add(prepared, pending);
    }
    return pending;
  }

  /**
   * Wait until all works given so far are acknowledged.
   *
   * @throws ResultsError if the depositor has failed: with the works that are not acknowledged.
   */
  async flush(): Promise<void> {
    await this.#allSettled();
    if (this.#failure) {
      throw this.#failure;
    }
  }

  /**
   * Take no more works, and wait until all are acknowledged. Closing twice is fine.
   *
   * @throws ResultsError if works are not stored, or the depositor has failed, and nobody has asked for their receipts.
   */
  async close(): Promise<void> {
    this.#closing = true;
    this.#pump?.();
    await this.#allSettled();
    await this.#running;
    const unasked = [...this.#notStored].filter(({ asked }) => !asked);
    this.#notStored.clear();
    if (unasked.length > 0) {
      throw this.#failure ?? judged(unasked);
    }
  }

  /** Close it, as the end of a block with `await using` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    if (this.#failure) {
      throw this.#failure;
    }
    if (this.#closing) {
      throw new ResultsError("the depositor is closed", { kind: "other" });
    }
  }

  readonly #settled = (pending: PendingReceipt): void => {
    if (!pending.asked && (pending.outcome instanceof ResultsError || !pending.outcome?.stored)) {
      this.#notStored.add(pending);
    }
  };

  async #allSettled(): Promise<void> {
    const unsettled = [...this.#backlog.pending(), ...this.#waiting.map(({ pending }) => pending)];
    await Promise.all(unsettled.map((each) => each.settled()));
  }

  #add(work: PreparedWork, pending: PendingReceipt): void {
    if (this.#backlog.isEmpty) {
      this.#progress = Deadline.after(this.#patienceMs);
    }
    this.#backlog.add(work, pending, performance.now());
    this.#running ??= this.#run();
    this.#pump?.();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && !this.#backlog.isFull; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#add(next.work, next.pending);
      next.resolve();
    }
  }

  /** Send what is there on one stream after another, until all is acknowledged and the last one has ended. */
  async #run(): Promise<void> {
    const attempts = new Attempts(STREAM_OF_DEPOSITS);
    const place = this.#service.place(this.#signal);
    await new Promise(setImmediate); // so that works that are given in one go are sent together
    while (!this.#backlog.isEmpty) {
      const before = this.#backlog.acknowledged;
      try {
        this.#backlog.restart();
        await this.#exchange(place);
      } catch (error) {
        if (this.#backlog.acknowledged !== before) {
          attempts.progress();
        }
        await this.#goOn(asResultsError(error), attempts, place, before);
      }
    }
    place.release();
    this.#running = undefined;
  }

  async #goOn(error: ResultsError, attempts: Attempts, place: Place, before: number): Promise<void> {
    const backlog = this.#backlog;
    if (error.kind === "unavailable" && !backlog.isUnderWay && (backlog.isEmpty || backlog.acknowledged !== before)) {
      return; // only the stream has ended
    }
    backlog.interrupted(error);
    if (backlog.sortOut(error)) {
      this.#acknowledged();
      return;
    }
    let ms: number;
    try {
      ms = attempts.pauseAfter(error, this.#progress.left);
    } catch (failure) {
      this.#fail(asResultsError(failure));
      return;
    }
    await pause(ms, place.cancellation.signal);
  }

  #acknowledged(): void {
    this.#progress = Deadline.after(this.#patienceMs);
    this.#admit();
  }

  #fail(error: ResultsError): void {
    this.#failure = error;
    this.#backlog.fail(error);
    error.works = [...error.works, ...this.#waiting.map(({ work }) => work.work)];
    for (const { pending, reject } of this.#waiting) {
      pending.asked = true; // whoever gave the work is told
      pending.settle(error);
      reject(error);
    }
    this.#waiting = [];
  }

  /** Send what is there, and what comes, on one stream until that ends. */
  async #exchange(place: Place): Promise<void> {
    const call = await this.#service.exchange(place, METHOD, this.#progress);
    const backlog = this.#backlog;
    const silenceMs = Math.min(WATCHDOG_MS, this.#patienceMs);
    let [gathering, watchdog, idle]: (NodeJS.Timeout | undefined)[] = [];
    const stop = cancelOn(place.cancellation.signal, call);
    try {
      await new Promise<void>((resolve, reject) => {
        const giveUp = (): void => {
          const error = unavailable(`${METHOD.name}: no acknowledgement for ${seconds(silenceMs)}`);
          error.outcomeUnknown = true;
          reject(error);
        };
        const look = (): void => {
          clearTimeout(watchdog);
          watchdog = backlog.isUnderWay ? setTimeout(giveUp, silenceMs) : undefined;
        };
        this.#pump = (): void => {
          clearTimeout(gathering);
          clearTimeout(idle);
          let wait = backlog.wait(performance.now(), this.#closing);
          for (; wait === 0; wait = backlog.wait(performance.now(), this.#closing)) {
            const { sequence, entries } = backlog.take() ?? { sequence: 0n, entries: [] };
            const bson = Buffer.concat(entries.map(({ work }) => work.data));
            call.write(create(DepositStreamRequestSchema, { sequence, works: { bson } }));
            if (!watchdog) {
              look();
            }
          }
          if (wait !== Infinity) {
            gathering = setTimeout(() => this.#pump?.(), wait);
          } else if (backlog.isEmpty) {
            idle = setTimeout(end, this.#closing ? 0 : IDLE_MS);
          }
        };
        const end = (): void => {
          this.#pump = undefined; // what comes from now on goes over the next stream
          call.end();
          idle = setTimeout(resolve, IDLE_MS); // all is acknowledged, however the stream ends
        };
        call.on("data", ({ sequence, outcomes, rejections }: DepositStreamResponse) => {
          try {
            backlog.acknowledge(sequence, { outcomes, rejections });
          } catch (error) {
            reject(asResultsError(error));
            return;
          }
          look();
          this.#acknowledged();
          this.#pump?.();
        });
        call.on("error", reject);
        call.on("status", ({ code }: StatusObject) => {
          if (code === status.OK) {
            resolve();
          }
        });
        this.#pump();
      });
      backlog.endStream();
    } catch (error) {
      throw this.#service.failure(error, METHOD, place);
    } finally {
      this.#pump = undefined;
      [gathering, watchdog, idle].forEach(clearTimeout);
      stop();
      call.cancel();
    }
  }
}

/** The error about works that are not stored. */
function judged(unasked: readonly PendingReceipt[]): ResultsError {
  const told = unasked.map(({ pipeline, id, outcome }) => {
    const { reason = "", outcome: what = "" } =
      outcome instanceof ResultsError ? { reason: outcome.message } : (outcome ?? {});
    return `${pipeline} ${JSON.stringify(id)}: ${reason === "" ? what : reason}`;
  });
  const more = told.length > NAMED_IN_ERRORS ? `; and ${told.length - NAMED_IN_ERRORS} more` : "";
  const errors = unasked.map(({ outcome }) => outcome).filter((each) => each instanceof ResultsError);
  const receipts = unasked
    .map(({ outcome }) => outcome)
    .filter((each): each is Receipt => each !== undefined && !(each instanceof ResultsError));
  const hasRejected = receipts.some(({ outcome }) => outcome === "REJECTED");
  return new ResultsError(`${told.length} works are not stored: ${told.slice(0, NAMED_IN_ERRORS).join("; ")}${more}`, {
    kind: errors[0]?.kind ?? (hasRejected ? "invalid_request" : "other"),
    reason: errors[0]?.reason ?? "",
    works: errors.flatMap(({ works }) => works),
    receipts,
    cause: errors[0],
  });
}
