import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";

import {
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type ClientDuplexStream, Metadata, type ServiceError } from "@grpc/grpc-js";

import { Attempts, ONCE, policyFor } from "../calls/attempts.js";
import { Cancellation, cancelOn } from "../cancellation.js";
import { Deadline, seconds } from "../deadline.js";
import { asResultsError, cancelled, ResultsError, unavailable } from "../errors.js";
import { checkedTimeout, DEFAULT_TIMEOUT_MS } from "../settings.js";
import type { Connection } from "./connection.js";
import { Connections } from "./connections.js";
import type { Credentials } from "./credentials.js";
import { fromServiceError, isChanging } from "./failures.js";
import { asIs, pathOf, requestOf, responsesOf } from "./messages.js";
import { ReadAhead } from "./read_ahead.js";
import { pause } from "./pause.js";

/** What every call may be given. */
export interface CallOptions {
  /** How long the call may take in all, retries included, in milliseconds. */
  timeoutMs?: number | undefined;
  /** Ends the call when it aborts. */
  signal?: AbortSignal | undefined;
}

/** What may be the value of a header. */
const VISIBLE = /^[!-~]+$/;
/** How long something that has failed may be without progress, in milliseconds. */
const PATIENCE_MS = 60_000;

/** What a stream goes over, until it is released. */
export interface Place {
  readonly connection: Connection;
  readonly cancellation: Cancellation;
  release(): void;
}

/** How one stream is read. */
export interface StreamOptions {
  /** When it must have ended. */
  readonly deadline: Deadline;
  /** When there must be a connection. */
  readonly connect: Deadline;
  /** The milliseconds without a message after which it is broken. */
  readonly silenceMs: number;
}

/** The one way to the service: every call gets its connection, its deadline and its errors here. */
export class Service {
  /** The gRPC target. */
  readonly target: string;
  /** How long what has failed may be without progress, in milliseconds. */
  readonly patienceMs: number;
  readonly #token: string;
  /** How long a call that answers once may take, in milliseconds. */
  readonly timeoutMs: number;
  // Apart, so that calls with one answer wait for nobody who is slow to read.
  readonly #unary: Connections;
  readonly #streams: Connections;
  readonly #closing = new AbortController();

  constructor(target: string, credentials: Credentials, timeoutMs: number | undefined) {
    this.target = target;
    this.patienceMs = Math.min(PATIENCE_MS, timeoutMs ?? PATIENCE_MS);
    this.#token = credentials.token;
    this.timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#unary = new Connections(target, credentials);
    this.#streams = new Connections(target, credentials);
    setMaxListeners(0, this.#closing.signal); // one for each call
  }

  /**
   * Call a method that answers once, and try again what may be tried again.
   *
   * @param deadline - That of several calls together, if this is one of them.
   */
  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options: CallOptions,
    deadline = this.deadline(options.timeoutMs ?? this.timeoutMs),
  ): Promise<MessageShape<O>> {
    const requestId = "requestId" in request ? String(request.requestId) : "";
    const policy = policyFor(method.name, requestId);
    const attempts = new Attempts(policy);
    const data = requestOf(method.input, request);
    for (;;) {
      const place = this.#placeOn(this.#unary, options.signal);
      const { connection, cancellation } = place;
      try {
        if (policy === ONCE) {
          await connection.answers(deadline, cancellation.signal);
        } else {
          await connection.ready(deadline, cancellation.signal);
        }
        return await this.#attempt(place, method, data, deadline, this.metadata(requestId));
      } catch (error) {
        await pause(attempts.pauseAfter(asResultsError(error), deadline.left), cancellation.signal);
      } finally {
        place.release();
      }
    }
  }

  #attempt<O extends DescMessage>(
    { connection, cancellation: { signal } }: Place,
    method: DescMethodUnary<DescMessage, O>,
    request: Buffer,
    deadline: Deadline,
    metadata: Metadata,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const answer = (error: ServiceError | null, response?: MessageShape<O>): void => {
        stop();
        if (response) {
          resolve(response);
        } else {
          reject(this.#failure(error, method.name, deadline, signal));
        }
      };
      const [path, decode, options] = [pathOf(method), responsesOf(method.output), { deadline: deadline.epoch }];
      const call = connection.client.makeUnaryRequest(path, asIs, decode, request, metadata, options, answer);
      const stop = cancelOn(signal, call);
    });
  }

  /** Find room for a stream, for as long as it is open: also between two tries. */
  place(signal: AbortSignal | undefined): Place {
    return this.#placeOn(this.#streams, signal);
  }

  #placeOn(connections: Connections, signal: AbortSignal | undefined): Place {
    const cancellation = new Cancellation(signal, this.#closing.signal);
    const connection = connections.take();
    const release = (): void => {
      cancellation.dispose();
      connections.release(connection);
    };
    return { connection, cancellation, release };
  }

  /** Call a method that answers with a stream, once. Its messages are received as they are asked for. */
  async *stream<I extends DescMessage, O extends DescMessage>(
    { connection, cancellation: { signal } }: Place,
    method: DescMethodServerStreaming<I, O>,
    request: MessageShape<I>,
    { deadline, connect, silenceMs }: StreamOptions,
  ): AsyncGenerator<MessageShape<O>, void, undefined> {
    await connection.ready(connect, signal);
    const ahead = new ReadAhead();
    const call = connection.client.makeServerStreamRequest(
      pathOf(method),
      asIs,
      responsesOf(method.output),
      requestOf(method.input, request),
      this.metadata(""),
      { deadline: deadline.epoch, interceptors: [ahead.interceptor] },
    );
    const stop = cancelOn(signal, call);
    call.on("error", () => undefined); // it is thrown below, unless nobody reads any more
    const messages = call[Symbol.asyncIterator]() as AsyncIterator<MessageShape<O>, undefined>;
    const silence = new AbortController();
    try {
      for (;;) {
        const timer = setTimeout(() => {
          silence.abort();
          call.cancel();
        }, silenceMs);
        ahead.ask();
        const { done, value } = await messages.next().finally(() => {
          clearTimeout(timer);
        });
        if (done) {
          return;
        }
        yield value;
      }
    } catch (error) {
      throw silence.signal.aborted
        ? unavailable(`${method.name} at ${this.target}: no data for ${seconds(silenceMs)}`)
        : this.#failure(error, method.name, deadline, signal);
    } finally {
      stop();
      call.cancel();
    }
  }

  /** Call a method that answers a stream of requests with a stream, once there is a connection. */
  async exchange<I extends DescMessage, O extends DescMessage>(
    { connection, cancellation: { signal } }: Place,
    method: DescMethodBiDiStreaming<I, O>,
    connect: Deadline,
  ): Promise<ClientDuplexStream<MessageShape<I>, MessageShape<O>>> {
    await connection.ready(connect, signal);
    const encode = (request: MessageShape<I>): Buffer => requestOf(method.input, request);
    const metadata = this.metadata("");
    return connection.client.makeBidiStreamRequest(pathOf(method), encode, responsesOf(method.output), metadata);
  }

  /** Put the failure of a stream into our terms. */
  failure(error: unknown, method: DescMethod, place: Place): ResultsError {
    return this.#failure(error, method.name, Deadline.after(undefined), place.cancellation.signal);
  }

  /** The deadline of a call; undefined for none. */
  deadline(timeoutMs: number | undefined): Deadline {
    return Deadline.after(timeoutMs === undefined ? undefined : checkedTimeout(timeoutMs));
  }

  /** What a call is sent with. */
  metadata(requestId: string): Metadata {
    const metadata = new Metadata();
    metadata.set("x-request-id", VISIBLE.test(requestId) ? requestId : randomUUID().replaceAll("-", ""));
    if (this.#token) {
      metadata.set("authorization", `Bearer ${this.#token}`);
    }
    return metadata;
  }

  /** Close the connections; calls under way are cancelled. Closing twice is fine. */
  close(): void {
    this.#closing.abort(new Error("the client is closed"));
    this.#unary.close();
    this.#streams.close();
  }

  #failure(error: unknown, method: string, deadline: Deadline, signal: AbortSignal): ResultsError {
    if (error instanceof ResultsError) {
      return error;
    }
    if (signal.aborted) {
      const ended = cancelled(method, signal.reason);
      ended.outcomeUnknown = isChanging(method);
      return ended;
    }
    return isServiceError(error) ? fromServiceError(error, method, this.target, deadline) : asResultsError(error);
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "metadata" in error;
}
