import assert from "node:assert/strict";
import { test } from "node:test";

import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata, type ServiceError, status } from "@grpc/grpc-js";

import { Deadline } from "../../src/deadline.js";
import * as rpc from "../../src/gen/google/rpc/details_pb.js";
import type { ResultsError } from "../../src/errors.js";
import { fromServiceError } from "../../src/transport/failures.js";

interface Told {
  details?: string;
  reason?: string;
  domain?: string;
  outcome?: string;
  field?: string;
  retrySeconds?: number;
}

function failure(code: status, method: string, told: Told = {}): ResultsError {
  const { details = "no", reason, domain = "workflow-results", outcome = "", field = "", retrySeconds = 0 } = told;
  const metadata = new Metadata();
  if (reason) {
    const info = { reason, domain, metadata: { call_id: "c", outcome } };
    const delay = { retryDelay: { seconds: BigInt(Math.floor(retrySeconds)), nanos: (retrySeconds % 1) * 1e9 } };
    const packed = [
      anyPack(rpc.ErrorInfoSchema, create(rpc.ErrorInfoSchema, info)),
      anyPack(rpc.RetryInfoSchema, create(rpc.RetryInfoSchema, delay)),
      anyPack(rpc.BadRequestSchema, create(rpc.BadRequestSchema, { fieldViolations: [{ field }] })),
    ];
    const data = toBinary(rpc.StatusSchema, create(rpc.StatusSchema, { details: packed }));
    metadata.set("grpc-status-details-bin", Buffer.from(data));
  }
  const error: ServiceError = Object.assign(new Error(details), { code, details, metadata });
  return fromServiceError(error, method, "host:1", Deadline.after(1500));
}

test("an error has what the service says", () => {
  const error = failure(status.INVALID_ARGUMENT, "View", {
    reason: "INVALID_QUERY",
    field: "query.$where",
    details: "d",
  });
  const { kind, code, reason, fields, callId, message } = error;
  assert.deepEqual([kind, code, reason, callId], ["invalid_request", "INVALID_ARGUMENT", "INVALID_QUERY", "c"]);
  assert.deepEqual([fields, message], [["query.$where"], "d"]);
  assert.equal(failure(status.UNAVAILABLE, "View", { reason: "OVERLOADED", retrySeconds: 90 }).retryDelayMs, 60_000);
  assert.equal(failure(status.UNAVAILABLE, "View", { reason: "OVERLOADED", retrySeconds: 1.5 }).retryDelayMs, 1500);
});

test("what another party says has no reason", () => {
  const error = failure(status.UNAVAILABLE, "View", { reason: "X", domain: "proxy", retrySeconds: 9 });
  assert.deepEqual([error.reason, error.callId, error.retryDelayMs], ["", "", 0]);
});

test("the outcome is unknown where something may have changed", () => {
  assert.ok(failure(status.UNAVAILABLE, "Lock").outcomeUnknown);
  assert.ok(failure(status.INTERNAL, "Deposit", { reason: "INTERNAL" }).outcomeUnknown);
  assert.ok(!failure(status.UNAVAILABLE, "View").outcomeUnknown);
  assert.ok(!failure(status.UNAVAILABLE, "Lock", { reason: "OVERLOADED", outcome: "NOT_APPLIED" }).outcomeUnknown);
  assert.ok(!failure(status.RESOURCE_EXHAUSTED, "Lock").outcomeUnknown);
  assert.ok(
    !failure(status.UNAVAILABLE, "Lock", { details: "No connection established. Last error: x" }).outcomeUnknown,
  );
});

test("broken connections are unavailable, whatever grpc-js calls them", () => {
  const details = "Received RST_STREAM with code 2 (Internal server error)";
  assert.equal(failure(status.INTERNAL, "View", { details }).kind, "unavailable");
  assert.equal(failure(status.CANCELLED, "View").kind, "unavailable");
  assert.equal(failure(status.INTERNAL, "View", { details, reason: "INTERNAL" }).kind, "other");
});

test("messages say what is the matter", () => {
  assert.match(
    failure(status.DEADLINE_EXCEEDED, "Count").message,
    /Count at host:1 took longer than its timeout of 1.5 s/,
  );
  assert.match(failure(status.UNIMPLEMENTED, "Count").message, /does not offer Count/);
  assert.match(failure(status.UNAUTHENTICATED, "Count", { reason: "TOKEN_MISSING" }).message, /WORKFLOW_RESULTS_TOKEN/);
});
