import assert from "node:assert/strict";
import { test } from "node:test";

import { create } from "@bufbuild/protobuf";

import { Backlog } from "../../src/deposits/backlog.js";
import { divide, requestsInFlight } from "../../src/deposits/batches.js";
import { PendingReceipt } from "../../src/deposits/pending.js";
import { tooLarge } from "../../src/deposits/receipts.js";
import type { PreparedWork } from "../../src/documents/works.js";
import type { Receipt } from "../../src/index.js";
import { type ErrorKind, ResultsError } from "../../src/errors.js";
import { RejectionReason } from "../../src/gen/workflow_results/v1/errors_pb.js";
import { DepositOutcome, RejectionSchema } from "../../src/gen/workflow_results/v1/results_pb.js";

const KIB = 1024;

function work(id: string, size = 100, fields: Partial<PreparedWork> = {}): PreparedWork {
  return { work: { id }, data: new Uint8Array(size), pipeline: "p", id, locked: false, ...fields };
}

function filled(...works: PreparedWork[]): { backlog: Backlog; pending: PendingReceipt[] } {
  const backlog = new Backlog();
  const pending = works.map((each) => new PendingReceipt(each, () => undefined));
  pending.forEach((each, index) => {
    backlog.add(works[index] ?? work(""), each, 0);
  });
  return { backlog, pending };
}

function acknowledge(backlog: Backlog, sequence: bigint, works: number): void {
  const outcomes = new Array<DepositOutcome>(works).fill(DepositOutcome.DEPOSITED);
  backlog.acknowledge(sequence, { outcomes, rejections: [] });
}

function denied(reason: string, kind: ErrorKind = "permission_denied"): ResultsError {
  return new ResultsError("works[0].pipeline: no", { kind, reason });
}

function outcomes(pending: readonly PendingReceipt[]): (string | undefined)[] {
  return pending.map(({ outcome }) => (outcome instanceof ResultsError ? outcome.kind : outcome?.outcome));
}

/** Send all that is there, and answer that some works are denied, until nothing is left. */
function sendAll(backlog: Backlog, error: ResultsError, isDenied: (work: PreparedWork) => boolean): void {
  for (let round = 0; !backlog.isEmpty && round < 50; round++) {
    backlog.restart();
    const sent = [];
    while (backlog.wait(0, true) === 0) {
      sent.push(backlog.take());
    }
    for (const each of sent) {
      if (each?.entries.some((entry) => isDenied(entry.work))) {
        assert.ok(backlog.sortOut(error));
        break;
      }
      acknowledge(backlog, each?.sequence ?? 0n, each?.entries.length ?? 0);
    }
  }
}

test("lists are divided into requests of a good size, and a larger work goes alone", () => {
  const sizes = [600 * KIB, 600 * KIB, 300 * KIB, 3000 * KIB, 1];
  const batches = divide(sizes.map((size, index) => work(String(index), size)));
  assert.deepEqual(
    batches.map(({ start, works }) => [start, works.length]),
    [
      [0, 1],
      [1, 2],
      [3, 1],
      [4, 1],
    ],
  );
  assert.deepEqual(divide([]), []);
  assert.equal(divide(Array.from({ length: 10_001 }, () => work("a", 1))).length, 2);
});

test("requests with the same id don't overtake each other", () => {
  assert.equal(requestsInFlight([work("a"), work("b")]), 4);
  assert.equal(requestsInFlight([work("a"), work("b"), work("a")]), 1);
});

test("a work that is too large is not sent", () => {
  assert.equal(tooLarge(work("a", 16 * KIB * KIB - 16 * KIB)), undefined);
  assert.match(tooLarge(work("a", 17 * KIB * KIB))?.reason ?? "", /^TOO_LARGE: /);
});

test("works are gathered while others are under way", () => {
  const { backlog } = filled(work("a"));
  assert.equal(backlog.wait(0, false), 0);
  backlog.take();
  assert.equal(backlog.wait(0, false), Infinity);
  backlog.add(work("b"), new PendingReceipt(work("b"), () => undefined), 5);
  assert.equal(backlog.wait(7, false), 8);
  assert.equal(backlog.wait(7, true), 0);
  assert.equal(backlog.wait(20, false), 0);
});

test("at most eight requests are under way, and 16 MiB wait", () => {
  const works = Array.from({ length: 33 }, (_, index) => work(String(index), 512 * KIB));
  const { backlog } = filled(...works);
  assert.ok(backlog.isFull);
  let taken = 0;
  for (; backlog.wait(0, true) === 0; taken++) {
    backlog.take();
  }
  assert.equal(taken, 8);
});

test("what is not acknowledged is sent again, in its order", () => {
  const { backlog, pending } = filled(work("a", 512 * KIB), work("b", 512 * KIB), work("c", 512 * KIB));
  [1, 2, 3].forEach(() => backlog.take());
  acknowledge(backlog, 1n, 1);
  assert.throws(() => {
    acknowledge(backlog, 3n, 1);
  }, /acknowledged request 3 instead of 2/);
  backlog.add(work("d"), new PendingReceipt(work("d"), () => undefined), 0);
  backlog.restart();
  assert.deepEqual(
    [1, 2, 3].map(() => backlog.take()?.sequence),
    [2n, 3n, 4n],
  );
  assert.deepEqual(outcomes(pending), ["DEPOSITED", undefined, undefined]);
});

test("works of a pipeline that is denied fail, and the others go on", () => {
  const { backlog, pending } = filled(work("a"), work("b", 100, { pipeline: "q" }), work("c"));
  sendAll(backlog, denied("PIPELINE"), ({ pipeline }) => pipeline === "q");
  assert.deepEqual(outcomes(pending), ["DEPOSITED", "permission_denied", "DEPOSITED"]);
  const error = pending[1]?.outcome as ResultsError;
  assert.equal(error.message, 'q "b": pipeline: no');
  assert.deepEqual(error.works, [{ id: "b" }]);
});

test("locked works are told apart from others, and those without any fail all", () => {
  const { backlog, pending } = filled(work("a"), work("b", 100, { locked: true }));
  sendAll(backlog, denied("ROLE"), ({ locked }) => locked);
  assert.deepEqual(outcomes(pending), ["DEPOSITED", "permission_denied"]);
  const { backlog: other } = filled(work("a"));
  other.take();
  assert.ok(!other.sortOut(denied("ROLE")));
});

test("works that are invalid are found by halves", () => {
  const works = Array.from({ length: 9 }, (_, index) => work(String(index)));
  const { backlog, pending } = filled(...works);
  sendAll(backlog, denied("MALFORMED_REQUEST", "invalid_request"), ({ id }) => id === "5");
  const expected = works.map(({ id }) => (id === "5" ? "invalid_request" : "DEPOSITED"));
  assert.deepEqual(outcomes(pending), expected);
});

test("where a depositor fails, all that waits has the error", async () => {
  const { backlog, pending } = filled(work("a"), work("b"));
  const receipt = pending[0]?.receipt();
  const error = new ResultsError("gone", { kind: "unavailable" });
  backlog.fail(error);
  await assert.rejects(receipt ?? Promise.resolve(), error);
  assert.deepEqual(error.works, [{ id: "a" }, { id: "b" }]);
  assert.ok(backlog.isEmpty);
});

test("each work gets its own outcome, and makes room for others", () => {
  const { backlog, pending } = filled(work("a", 16 * KIB * KIB), work("b", 1), work("c", 1));
  assert.ok(backlog.isFull);
  [1, 2].forEach(() => backlog.take());
  acknowledge(backlog, 1n, 1);
  assert.ok(!backlog.isFull);
  const rejections = [create(RejectionSchema, { index: 1, reason: RejectionReason.TOO_DEEP, message: "no" })];
  backlog.acknowledge(2n, { outcomes: [DepositOutcome.CONFLICT, DepositOutcome.REJECTED], rejections });
  assert.deepEqual(outcomes(pending), ["DEPOSITED", "CONFLICT", "REJECTED"]);
  assert.equal((pending[2]?.outcome as Receipt).reason, "TOO_DEEP: no");
  assert.ok(backlog.isEmpty);
});

test("an answer about another number of works is an error", () => {
  for (const works of [0, 2]) {
    const { backlog } = filled(work("a"));
    backlog.take();
    assert.throws(() => {
      acknowledge(backlog, 1n, works);
    }, /told \d outcomes of 1 works/);
  }
});

test("what was under way when a stream broke may be stored", () => {
  const { backlog } = filled(work("a"));
  backlog.endStream();
  backlog.take();
  assert.throws(() => {
    backlog.endStream();
  }, /before it had acknowledged all works/);
  backlog.interrupted(new ResultsError("broken", { kind: "unavailable", outcomeUnknown: true }));
  backlog.restart();
  const error = new ResultsError("gone", { kind: "unavailable" });
  backlog.fail(error);
  assert.ok(error.outcomeUnknown);
});
