import { Watching } from "../calls/watching.js";
import { Deadline } from "../deadline.js";
import type { Codec } from "../documents/codec.js";
import { asResultsError } from "../errors.js";
import { ResultsService, type WatchRequest } from "../gen/workflow_results/v1/results_pb.js";
import type { Change } from "../outcomes.js";
import { pause } from "../transport/pause.js";
import type { CallOptions, Place, Service } from "../transport/service.js";

/** A server that watches says something every 15 s; one that is silent for so long is gone. */
const SILENCE_MS = 60_000;

/**
 * An endless iterator over changes, which resumes by itself. It ends when it is closed, and fails for good with an
 * error.
 *
 * ```ts
 * for await (const change of await results.watch()) …
 * ```
 */
export class Watch implements AsyncIterableIterator<Change, undefined> {
  readonly #watching: Watching;
  readonly #place: Place;
  readonly #changes: AsyncGenerator<Change | undefined, void, undefined>;
  #failure: { error: unknown } | undefined;
  #closed = false;

  private constructor(service: Service, request: WatchRequest, codec: Codec, options: CallOptions) {
    const deadline = service.deadline(options.timeoutMs);
    this.#watching = new Watching(service.target, request, codec);
    this.#place = service.place(options.signal);
    this.#changes = this.#follow(service, deadline);
  }

  /** @internal Begin to watch: resolves when the service has begun, too. */
  static async begin(service: Service, request: WatchRequest, codec: Codec, options: CallOptions): Promise<Watch> {
    const watch = new Watch(service, request, codec, options);
    await watch.#next();
    return watch;
  }

  /** What to give to `watch` to go on where this one is: later than that of the last change, if nothing came. */
  get resumeToken(): Uint8Array {
    return this.#watching.token;
  }

  /** Wait for the next change. */
  async next(): Promise<IteratorResult<Change, undefined>> {
    const value = await this.#next();
    return value ? { done: false, value } : { done: true, value: undefined };
  }

  async #next(): Promise<Change | undefined> {
    if (this.#closed) {
      return undefined;
    }
    if (this.#failure) {
      throw this.#failure.error;
    }
    try {
      return (await this.#changes.next()).value ?? undefined;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Note that the watch has failed, unless that is how it was closed. */
  #failed(error: unknown): void {
    if (!this.#closed) {
      this.#failure = { error };
      throw error;
    }
  }

  /** End the watch; whoever waits for a change reaches the end of the iteration. Closing twice is fine. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#place.cancellation.abort(new Error("the watch is closed"));
    await this.#changes.return().catch(() => undefined);
  }

  /** End the watch, as leaving a loop over it does. */
  async return(): Promise<IteratorResult<Change, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** End the watch. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Yield undefined once, when the service has begun, and then each change. */
  async *#follow(service: Service, deadline: Deadline): AsyncGenerator<Change | undefined, void, undefined> {
    const [watching, place] = [this.#watching, this.#place];
    const method = ResultsService.method.watch;
    let hasBegun = false;
    let failing: Deadline | undefined = Deadline.after(service.patienceMs);
    try {
      for (;;) {
        try {
          const connect = deadline.or(failing);
          const options = { deadline, connect, silenceMs: SILENCE_MS };
          for await (const response of service.stream(place, method, watching.request, options)) {
            failing = undefined;
            const arrived = watching.take(response);
            if (!hasBegun) {
              hasBegun = true;
              yield undefined;
            }
            for (const { token, change } of arrived) {
              watching.token = token;
              yield change();
            }
          }
          throw watching.ended();
        } catch (error) {
          failing ??= Deadline.after(service.patienceMs);
          const ms = watching.pauseAfter(asResultsError(error), deadline.or(failing).left);
          await pause(ms, place.cancellation.signal);
        }
      }
    } finally {
      place.release();
    }
  }
}
