/** A moment by which something must be done, on a clock that nobody sets. */
export class Deadline {
  /** How long there was in all, in milliseconds; Infinity for no limit. */
  readonly ms: number;
  readonly #end: number;

  private constructor(ms: number, end: number) {
    this.ms = ms;
    this.#end = end;
  }

  /** The moment in so many milliseconds; undefined for no limit. */
  static after(ms: number | undefined): Deadline {
    return new Deadline(ms ?? Infinity, performance.now() + (ms ?? Infinity));
  }

  /** The milliseconds that are left, never negative. */
  get left(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** The earlier one of two. */
  or(other: Deadline): Deadline {
    return other.#end < this.#end ? other : this;
  }

  /** The moment as gRPC takes it: in milliseconds since 1970. */
  get epoch(): number {
    return Date.now() + this.left;
  }
}

/** Milliseconds as seconds for a message: "15 s". */
export function seconds(ms: number): string {
  return `${Number((ms / 1000).toPrecision(6))} s`;
}
