import assert from "node:assert/strict";
import { test } from "node:test";

import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { BSON } from "bson";

import { descending, int64Of } from "../../src/calls/answers.js";
import { Reading } from "../../src/calls/reading.js";
import { Watching } from "../../src/calls/watching.js";
import { Codec } from "../../src/documents/codec.js";
import { requestOf } from "../../src/transport/messages.js";
import { unavailable } from "../../src/errors.js";
import * as pb from "../../src/gen/workflow_results/v1/results_pb.js";

const codec = new Codec(false);

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text));
}

function part(ids: string[], token: string, count?: number): pb.ViewResponse {
  const bson = Buffer.concat(ids.map((id) => BSON.serialize({ _id: id, id })));
  const batch = ids.length > 0 ? { results: { bson }, resumeToken: bytes(token) } : undefined;
  const summary = count === undefined ? undefined : { count: BigInt(count) };
  return create(pb.ViewResponseSchema, { part: { ...(batch && { batch }), ...(summary && { summary }) } });
}

function idsOf(documents: Uint8Array[]): unknown[] {
  return documents.map((each) => codec.decode(each)["id"] as unknown);
}

test("a read goes on behind the last batch, and adds up the results of each stream", () => {
  const request = create(pb.ViewRequestSchema, { pipeline: "p" });
  const reading = new Reading("View", "t", request);
  reading.begin();
  assert.deepEqual(idsOf(reading.take(part(["c", "b"], "t1"))), ["c", "b"]);
  assert.throws(() => {
    reading.end();
  }, /without a summary/);
  assert.deepEqual(request.resumeToken, bytes("t1"));
  reading.begin();
  assert.deepEqual(idsOf(reading.take(part(["a"], "t2", 1))), ["a"]);
  assert.ok(reading.complete);
});

test("a summary with another count is an error", () => {
  const reading = new Reading("View", "t", create(pb.ViewRequestSchema));
  reading.begin();
  assert.throws(() => reading.take(part(["a"], "t1", 2)), /lost results: 1 of 2/);
});

test("pauses start over when results have arrived", () => {
  const reading = new Reading("View", "t", create(pb.ViewRequestSchema));
  const failed = (): number => reading.pauseAfter(unavailable("no"), Infinity);
  const pauses = Array.from({ length: 8 }, failed);
  assert.ok((pauses[7] ?? 0) >= 1000);
  reading.take(part(["a"], "t1"));
  assert.ok(failed() <= 50);
});

test("the top is handed on when it is complete, and only then", () => {
  const reading = new Reading("Top", "t", create(pb.TopRequestSchema));
  reading.begin();
  assert.deepEqual(reading.take(part(["x"], "")), []);
  reading.begin();
  assert.deepEqual(reading.take(part(["b"], "")), []);
  assert.deepEqual(idsOf(reading.take(part(["a"], "", 2))), ["b", "a"]);
});

function response(fields: MessageInitShape<typeof pb.WatchResponseSchema>): pb.WatchResponse {
  return create(pb.WatchResponseSchema, fields);
}

test("the token behind a change is that of its response only for the last one", () => {
  const watching = new Watching("t", create(pb.WatchRequestSchema), codec);
  watching.take(response({ resumeToken: bytes("t0") }));
  assert.deepEqual(watching.token, bytes("t0"));
  const events = ["a", "b"].map((id) => ({ kind: pb.ChangeKind.DELETED, id }));
  const tokens = (arrived: readonly { token: Uint8Array }[]): string[] =>
    arrived.map(({ token }) => Buffer.from(token).toString());
  assert.deepEqual(tokens(watching.take(response({ events }))), ["t0", "t0"]);
  const last = watching.take(response({ events, resumeToken: bytes("t1"), snapshotComplete: true }));
  assert.deepEqual(tokens(last), ["t0", "t1", "t1"]);
  assert.equal(last[2]?.change().kind, "SNAPSHOT_COMPLETE");
  assert.deepEqual(watching.request.resumeToken, bytes("t1"));
});

test("events may share a result, and each gets a copy of its own", () => {
  const watching = new Watching("t", create(pb.WatchRequestSchema), codec);
  const events = [pb.ChangeKind.DEPOSITED, pb.ChangeKind.LOCKED].map((kind) => ({ kind, id: "a", resultIndex: 0 }));
  const time = { seconds: -1n, nanos: 999_000_000 };
  const results = { bson: BSON.serialize({ _id: "a", id: "a" }) };
  const [first, second] = watching.take(response({ events: events.map((each) => ({ ...each, time })), results }));
  assert.deepEqual(first?.change().result, { id: "a" });
  assert.notEqual(first.change().result, second?.change().result);
  assert.equal(first.change().time?.getTime(), -1);
});

test("what is not known, or missing, ends a watch", () => {
  const watching = new Watching("t", create(pb.WatchRequestSchema), codec);
  assert.throws(
    () => watching.take(response({ events: [fromBinary(pb.WatchEventSchema, Uint8Array.of(8, 77))] })),
    /not known/,
  );
  const events = [{ kind: pb.ChangeKind.DEPOSITED, resultIndex: 1 }];
  assert.throws(() => watching.take(response({ events })), /lost results: 0/);
});

test("arguments of another type are refused, not sent as something else", () => {
  const { method } = pb.ResultsService;
  const id = { timeoutMs: 1 } as unknown as string;
  assert.throws(
    () => requestOf(method.history.input, create(pb.HistoryRequestSchema, { id })),
    /^ResultsError: id must/,
  );
  const force = "false" as unknown as boolean;
  const unlock = create(pb.UnlockRequestSchema, { force });
  assert.throws(() => requestOf(method.unlock.input, unlock), /force must be true or false, not 'false'/);
  const resumeToken = "t" as unknown as Uint8Array;
  const watch = create(pb.WatchRequestSchema, { resumeToken });
  assert.throws(() => requestOf(method.watch.input, watch), /resumeToken must be bytes, not 't'/);
  const lock = create(pb.LockRequestSchema, { ids: ["a", "\ud800"] });
  assert.throws(() => requestOf(method.lock.input, lock), /ids must be a list of strings/);
  for (const ids of [undefined, null, "a", [1], 7]) {
    assert.throws(() => descending(ids as unknown as string[]), /ids must be a list of strings/);
  }
});

test("ids are sorted by their bytes, and numbers of 64 bits are whole", () => {
  assert.deepEqual(descending(["a", "b", "a", "\u{1F600}", "\uFFFD"]), ["\u{1F600}", "\uFFFD", "b", "a"]);
  assert.equal(int64Of("limit", 7), 7n);
  assert.throws(() => int64Of("limit", 1.5), /limit must be an integer/);
  assert.throws(() => int64Of("limit", 2 ** 53), /bigint/);
});
