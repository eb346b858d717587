import { create } from "@bufbuild/protobuf";

import { Cancellation } from "../cancellation.js";
import type { PreparedWork } from "../documents/works.js";
import { asResultsError, type ResultsError } from "../errors.js";
import { DepositRequestSchema, ResultsService } from "../gen/workflow_results/v1/results_pb.js";
import type { Receipt } from "../outcomes.js";
import type { CallOptions, Service } from "../transport/service.js";
import { type Batch, divide, requestsInFlight } from "./batches.js";
import { receiptsOf, tooLarge } from "./receipts.js";

/**
 * Send works, several requests at a time.
 *
 * @returns Their receipts, in their order.
 * @throws ResultsError if a request has failed: with all works, and whether any of them may be stored.
 */
export async function deposit(
  service: Service,
  works: readonly PreparedWork[],
  options: CallOptions,
): Promise<Receipt[]> {
  const deadline = service.deadline(options.timeoutMs ?? service.timeoutMs);
  const receipts = new Array<Receipt>(works.length);
  const batches = divide(works).values();
  const others = new Cancellation(options.signal);
  let failure: ResultsError | undefined;
  let changed = false;

  const send = async ({ start, works: some }: Batch): Promise<void> => {
    const rejected = some[0] && tooLarge(some[0]);
    if (rejected) {
      receipts[start] = rejected;
      return;
    }
    const request = create(DepositRequestSchema, { works: { bson: Buffer.concat(some.map(({ data }) => data)) } });
    const { signal } = others;
    const answer = await service.unary(ResultsService.method.deposit, request, { signal }, deadline);
    changed = true;
    receiptsOf(some, answer).forEach((each, index) => (receipts[start + index] = each));
  };
  const sendInTurn = async (): Promise<void> => {
    for (const batch of batches) {
      try {
        await send(batch);
      } catch (error) {
        const next = asResultsError(error);
        changed ||= next.outcomeUnknown;
        failure ??= next;
        others.abort(failure);
        return;
      }
    }
  };

  try {
    await Promise.all(Array.from({ length: requestsInFlight(works) }, sendInTurn));
  } finally {
    others.dispose();
  }
  if (failure) {
    failure.works = works.map(({ work }) => work);
    failure.outcomeUnknown = changed;
    throw failure;
  }
  return receipts;
}
