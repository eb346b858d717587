import assert from "node:assert/strict";
import { test } from "node:test";

import { Attempts, IDEMPOTENT, ONCE, policyFor, STREAM_OF_DEPOSITS } from "../../src/calls/attempts.js";
import { type ErrorKind, ResultsError } from "../../src/errors.js";

function failed(kind: ErrorKind, outcomeUnknown = false, retryDelayMs = 0, reason = ""): ResultsError {
  return new ResultsError(kind, { kind, outcomeUnknown, retryDelayMs, reason });
}

function isThrown(error: ResultsError): (thrown: unknown) => boolean {
  return (thrown) => thrown === error;
}

test("pauses double up to two seconds, and start over after progress", () => {
  const attempts = new Attempts(IDEMPOTENT, () => 1);
  const pauses = Array.from({ length: 8 }, () => attempts.pauseAfter(failed("unavailable"), Infinity));
  assert.deepEqual(pauses, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
  attempts.progress();
  assert.equal(attempts.pauseAfter(failed("unavailable"), Infinity), 50);
  assert.equal(new Attempts(IDEMPOTENT, () => 0).pauseAfter(failed("unavailable"), Infinity), 25);
});

test("a pause is as long as the service asks for, and none is begun that outlasts the time", () => {
  const attempts = new Attempts(IDEMPOTENT, () => 1);
  assert.equal(attempts.pauseAfter(failed("unavailable", false, 900), 1000), 900);
  const error = failed("unavailable", false, 900);
  assert.throws(() => attempts.pauseAfter(error, 900), isThrown(error));
});

test("what may have changed something is not tried again where it must be carried out once", () => {
  assert.equal(policyFor("Lock", ""), ONCE);
  assert.equal(policyFor("Lock", "r"), IDEMPOTENT);
  assert.equal(policyFor("Deposit", ""), IDEMPOTENT);
  const error = failed("unavailable", true);
  assert.throws(() => new Attempts(ONCE).pauseAfter(error, Infinity), isThrown(error));
  assert.ok(new Attempts(ONCE).pauseAfter(failed("unavailable"), Infinity) > 0);
});

test("a deadline ends all but streams of deposits", () => {
  const error = failed("deadline_exceeded");
  assert.throws(() => new Attempts(IDEMPOTENT).pauseAfter(error, Infinity), isThrown(error));
  assert.ok(new Attempts(STREAM_OF_DEPOSITS).pauseAfter(error, Infinity) > 0);
});

test("where the time ends during an attempt, the failure before says more", () => {
  for (const policy of [IDEMPOTENT, ONCE, STREAM_OF_DEPOSITS]) {
    const attempts = new Attempts(policy);
    const first = failed("unavailable");
    attempts.pauseAfter(first, Infinity);
    assert.throws(() => attempts.pauseAfter(failed("deadline_exceeded", true), 0), isThrown(first));
    assert.ok(first.outcomeUnknown);
  }
});

test("an earlier attempt counts for the outcome that is unknown", () => {
  const attempts = new Attempts(IDEMPOTENT);
  attempts.pauseAfter(failed("unavailable", true), Infinity);
  const error = failed("other");
  assert.throws(() => attempts.pauseAfter(error, Infinity), isThrown(error));
  assert.ok(error.outcomeUnknown);
});

test("what failed before the service answered does not count", () => {
  const attempts = new Attempts(IDEMPOTENT);
  attempts.pauseAfter(failed("unavailable", true), Infinity);
  attempts.progress();
  const error = failed("deadline_exceeded");
  assert.throws(() => attempts.pauseAfter(error, Infinity), isThrown(error));
  assert.ok(!error.outcomeUnknown);
});
