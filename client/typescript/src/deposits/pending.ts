import type { PreparedWork } from "../documents/works.js";
import { ResultsError } from "../errors.js";
import type { Receipt } from "../outcomes.js";

/** A work that was given to a depositor, and its receipt once that is there. */
export class PendingReceipt {
  /** The pipeline of the work. */
  readonly pipeline: string;
  /** The id of the work, which may be one that it got. */
  readonly id: string;
  /** @internal Whether anybody has asked for the receipt. */
  asked = false;
  /** @internal What has become of the work. */
  outcome: Receipt | ResultsError | undefined;
  #waiting: ((outcome: Receipt | ResultsError) => void)[] | undefined;
  readonly #told: (pending: PendingReceipt) => void;

  /**
   * @internal
   * @param told - What is called once, when something has become of the work.
   */
  constructor({ pipeline, id }: PreparedWork, told: (pending: PendingReceipt) => void) {
    this.pipeline = pipeline;
    this.id = id;
    this.#told = told;
  }

  /**
   * Wait until the work is acknowledged. It need not be called: `Depositor.close` tells what nobody has asked for.
   *
   * @throws ResultsError if the caller may not deposit the work, or the depositor has failed.
   */
  async receipt(): Promise<Receipt> {
    this.asked = true;
    const outcome = this.outcome ?? (await this.settled());
    if (outcome instanceof ResultsError) {
      throw outcome;
    }
    return outcome;
  }

  /** @internal Wait until something has become of the work. */
  settled(): Promise<Receipt | ResultsError> {
    return new Promise((resolve) => {
      if (this.outcome) {
        resolve(this.outcome);
      } else {
        (this.#waiting ??= []).push(resolve);
      }
    });
  }

  /** @internal Note what has become of the work. */
  settle(outcome: Receipt | ResultsError): void {
    this.outcome = outcome;
    this.#told(this);
    this.#waiting?.forEach((resolve) => {
      resolve(outcome);
    });
    this.#waiting = undefined;
  }
}
