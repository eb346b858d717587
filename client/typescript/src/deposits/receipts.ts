import { ResultsError } from "../errors.js";
import { RejectionReason } from "../gen/workflow_results/v1/errors_pb.js";
import { DepositOutcome, type Rejection } from "../gen/workflow_results/v1/results_pb.js";
import type { PreparedWork } from "../documents/works.js";
import type { Outcome, Receipt } from "../outcomes.js";

const WORK_BYTES = 16 * 1024 * 1024 - 16 * 1024;

const OUTCOMES: Readonly<Record<number, Outcome>> = {
  [DepositOutcome.DEPOSITED]: "DEPOSITED",
  [DepositOutcome.ALREADY_DEPOSITED]: "ALREADY_DEPOSITED",
  [DepositOutcome.CONFLICT]: "CONFLICT",
  [DepositOutcome.REJECTED]: "REJECTED",
};

/** What the service says of the works of one request. */
export interface Answer {
  readonly outcomes: readonly DepositOutcome[];
  readonly rejections: readonly Rejection[];
}

/**
 * Make the receipts of the works of a request.
 *
 * @throws ResultsError if the outcome of a work is missing or unknown.
 */
export function receiptsOf(works: readonly PreparedWork[], answer: Answer): Receipt[] {
  if (answer.outcomes.length !== works.length) {
    throw new ResultsError(`the service told ${answer.outcomes.length} outcomes of ${works.length} works`, {
      kind: "other",
      outcomeUnknown: true,
    });
  }
  const reasons = new Map(answer.rejections.map((each) => [each.index, reasonOf(each)]));
  return works.map((work, index) => {
    const outcome = OUTCOMES[answer.outcomes[index] ?? 0];
    if (outcome === undefined) {
      throw new ResultsError("the service told an outcome that is not known to this client: is it older?", {
        kind: "other",
        outcomeUnknown: true,
      });
    }
    return receipt(work, outcome, reasons.get(index));
  });
}

function reasonOf({ reason, message }: Rejection): string {
  return `${(RejectionReason[reason] as string | undefined) ?? reason}: ${message}`;
}

/** Make the receipt of a work that is too large to be sent; undefined if it is not. */
export function tooLarge(work: PreparedWork): Receipt | undefined {
  const size = work.data.length;
  if (size <= WORK_BYTES) {
    return undefined;
  }
  const [is, most] = [size, WORK_BYTES].map((bytes) => bytes.toLocaleString("en-US"));
  return receipt(work, "REJECTED", `TOO_LARGE: has ${is} bytes of BSON; at most ${most} are stored`);
}

function receipt({ pipeline, id }: PreparedWork, outcome: Outcome, reason = ""): Receipt {
  return { pipeline, id, outcome, reason, stored: outcome === "DEPOSITED" || outcome === "ALREADY_DEPOSITED" };
}
