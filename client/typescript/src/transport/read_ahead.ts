import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";

/**
 * Holds back the messages of a stream but the one that is asked for and the next: gRPC would read 16 ahead, which may
 * have 16 MiB each.
 */
export class ReadAhead {
  /** What gRPC calls for each message. */
  readonly interceptor: Interceptor;
  #asked = 1;
  #held: (() => void) | undefined;

  constructor() {
    this.interceptor = (options, next) =>
      new InterceptingCall(next(options), {
        start: (metadata, _listener, begin) => {
          begin(metadata, {
            onReceiveMessage: (message, pass) => {
              this.#held = () => {
                pass(message);
              };
              this.#release();
            },
          });
        },
      });
  }

  /** Ask for the next message. */
  ask(): void {
    this.#asked++;
    this.#release();
  }

  #release(): void {
    const held = this.#held;
    if (held && this.#asked > 0) {
      this.#asked--;
      this.#held = undefined;
      held();
    }
  }
}
