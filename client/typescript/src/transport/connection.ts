import { type ChannelOptions, Client, connectivityState, Metadata, type ServiceError, status } from "@grpc/grpc-js";

import { Attempts, IDEMPOTENT } from "../calls/attempts.js";
import { cancelOn } from "../cancellation.js";
import { type Deadline, seconds } from "../deadline.js";
import { asResultsError, cancelled, type ResultsError, unavailable } from "../errors.js";
import { isLoopback } from "../settings.js";
import { asIs, REQUEST_BYTES } from "./messages.js";
import { pause } from "./pause.js";
import type { Credentials } from "./credentials.js";
import { closingHint, handshakeHint } from "./tls_hints.js";

const RESPONSE_BYTES = 17 * 1024 * 1024;
const WINDOW_BYTES = 2 * 1024 * 1024;
const HEALTH_CHECK = "/grpc.health.v1.Health/Check";
const GLANCE_MS = 200;

const OPTIONS: ChannelOptions = {
  "grpc.max_send_message_length": REQUEST_BYTES,
  "grpc.max_receive_message_length": RESPONSE_BYTES,
  // What comes next is received while a batch is decoded.
  "grpc-node.flow_control_window": WINDOW_BYTES,
  // A name with several addresses is several servers: calls go to each in turn, and to those that are left.
  "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // A connection that broke without a word is noticed within a minute, also between calls and under a long scan.
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.keepalive_permit_without_calls": 1,
  // A server that comes back is found within two seconds.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 2_000,
  "grpc.dns_min_time_between_resolutions_ms": 2_000,
  // Each channel has connections of its own, so that a further one has room for further calls.
  "grpc.use_local_subchannel_pool": 1,
  // Retries are ours.
  "grpc.enable_retries": 0,
};
/** A connection that was only needed while others were full is given up when nothing has used it for a minute. */
const FURTHER: ChannelOptions = { "grpc.client_idle_timeout_ms": 60_000 };

/** One connection to the service for each of its addresses, made when it is needed and again when it is lost. */
export class Connection {
  /** What calls go over. */
  readonly client: Client;
  /** How many calls are under way. */
  calls = 0;
  readonly #target: string;
  readonly #secure: boolean;
  #reached = false;

  constructor(target: string, credentials: Credentials, isFurther: boolean) {
    this.#target = target;
    this.#secure = credentials.secure;
    this.client = new Client(target, credentials.channel, {
      ...OPTIONS,
      ...(isFurther ? FURTHER : {}),
      // Calls within this machine are kept away from a proxy, which gRPC would use even for them.
      ...(isLoopback(target) ? { "grpc.enable_http_proxy": 0 } : {}),
    });
  }

  /**
   * Wait until there is a connection.
   *
   * @throws ResultsError if there is none by the deadline: nothing was sent then.
   */
  async ready(deadline: Deadline, signal: AbortSignal): Promise<void> {
    if (signal.aborted) {
      throw cancelled("a call", signal.reason);
    }
    if (this.client.getChannel().getConnectivityState(true) !== connectivityState.READY) {
      await this.#connect(deadline, signal);
    }
    this.#reached = true;
  }

  async #connect(deadline: Deadline, signal: AbortSignal): Promise<void> {
    const failed = await new Promise<boolean>((resolve, reject) => {
      const abort = (): void => {
        reject(cancelled("a call", signal.reason));
      };
      signal.addEventListener("abort", abort, { once: true });
      this.client.waitForReady(deadline.epoch, (error) => {
        signal.removeEventListener("abort", abort);
        resolve(error !== undefined);
      });
    });
    if (failed) {
      throw await this.#outOfReach(deadline, signal);
    }
  }

  /**
   * Wait until the service answers, which a connection alone does not show.
   *
   * @throws ResultsError if it does not by the deadline.
   */
  async answers(deadline: Deadline, signal: AbortSignal): Promise<void> {
    const attempts = new Attempts(IDEMPOTENT);
    for (;;) {
      await this.ready(deadline, signal);
      const error = await this.#check(deadline.epoch, signal);
      if (signal.aborted) {
        continue; // to be told so
      }
      if (error?.code !== status.UNAVAILABLE && error?.code !== status.DEADLINE_EXCEEDED) {
        return;
      }
      const reached = this.#explain(deadline, error.details);
      if (error.code === status.DEADLINE_EXCEEDED) {
        throw reached;
      }
      await pause(attempts.pauseAfter(reached, deadline.left), signal);
    }
  }

  /** Call the health service, and return its error. */
  #check(deadline: number, signal: AbortSignal): Promise<ServiceError | null> {
    const [nothing, metadata] = [Buffer.alloc(0), new Metadata()];
    return new Promise((resolve) => {
      const answer = (error: ServiceError | null): void => {
        stop();
        resolve(error);
      };
      const call = this.client.makeUnaryRequest(HEALTH_CHECK, asIs, asIs, nothing, metadata, { deadline }, answer);
      const stop = cancelOn(signal, call);
    });
  }

  /** Ask why there is no connection, which gRPC knows at once or not at all. */
  async #outOfReach(deadline: Deadline, signal: AbortSignal): Promise<ResultsError> {
    try {
      const error = await this.#check(Date.now() + GLANCE_MS, signal);
      return this.#explain(deadline, error?.details ?? "");
    } catch (error) {
      return asResultsError(error); // the client was closed meanwhile
    }
  }

  #explain(deadline: Deadline, details: string): ResultsError {
    const time = seconds(deadline.ms);
    const hint = this.#secure ? handshakeHint(details) : "";
    if (hint) {
      return unavailable(`no connection to ${this.#target} within ${time}: ${hint}. gRPC reports: ${details}`);
    }
    const again = this.#reached ? " any more" : "";
    const doubt = this.#reached ? "" : closingHint(details, this.#secure);
    return unavailable(
      `nothing answers${again} at ${this.#target} within ${time}. Is the server running there (workflow-results` +
        ` serve), and is this its address (target, WORKFLOW_RESULTS_TARGET)?${doubt}`,
    );
  }
}
