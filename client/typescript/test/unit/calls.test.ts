import assert from "node:assert/strict";
import { test } from "node:test";

import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { BSON } from "bson";

import * as pb from "../../src/gen/workflow_results/v1/results_pb.js";
import { Results, ResultsError } from "../../src/index.js";
import { type FakeCall, FakeService } from "./fake.js";

function bytes<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, fields)));
}

function is(kind: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ResultsError && error.kind === kind && message.test(error.message);
}

test("a read that is cancelled hands on nothing more of what has arrived", async () => {
  const bson = Buffer.concat(["c", "b", "a"].map((id) => BSON.serialize({ _id: id, id })));
  const part = bytes(pb.ViewResponseSchema, { part: { batch: { results: { bson } } } });
  await FakeService.run({ View: (call) => call.write(part) }, async (target) => {
    await using results = new Results({ target });
    const cancellation = new AbortController();
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const { id } of results.view("p", { signal: cancellation.signal })) {
        seen.push(id);
        cancellation.abort(new Error("enough"));
      }
    };
    await assert.rejects(read(), is("cancelled", /^View was cancelled: enough/));
    assert.deepEqual(seen, ["c"]);
  });
});

test("a watch that finds nobody gives up after the patience of the client", async () => {
  await using results = new Results({ target: "127.0.0.1:1", timeoutMs: 400 });
  const began = performance.now();
  await assert.rejects(results.watch(), is("unavailable", /nothing answers/));
  assert.ok(performance.now() - began < 750);
});

test("calls that belong together have one timeout, and say so", async () => {
  const page = bytes(pb.HistoryResponseSchema, { nextPageToken: "more" });
  const answer = (call: FakeCall): void => {
    setTimeout(() => {
      call.write(page);
      call.end();
    }, 30);
  };
  await FakeService.run({ History: answer }, async (target, fake) => {
    await using results = new Results({ target });
    await assert.rejects(results.history("p", "a", { timeoutMs: 200 }), is("deadline_exceeded", /timeout of 0.2 s/));
    assert.ok(fake.calls > 1);
  });
});

test("a signal that is none is refused, also by a depositor", async () => {
  await using results = new Results({ target: "127.0.0.1:1" });
  const signal = {} as AbortSignal;
  await assert.rejects(results.count("p", { signal }), is("invalid_request", /^signal must be/));
  assert.throws(() => results.depositor({ signal }), is("invalid_request", /^signal must be/));
});

test("a closed client says that it is closed", async () => {
  const results = new Results({ target: "127.0.0.1:1" });
  results.close();
  await assert.rejects(results.count("p"), is("cancelled", /the client is closed/));
});

test("a call is repeated with its request id, and without one it is not", async () => {
  const ids: string[] = [];
  const refuse = (call: FakeCall): void => {
    ids.push(String(call.metadata.get("x-request-id")[0]));
    call.emit("error", { code: status.UNAVAILABLE, details: "no" });
  };
  await FakeService.run({ Lock: refuse }, async (target) => {
    await using results = new Results({ target });
    await assert.rejects(results.lock("p", ["a"]), is("unavailable", /no/));
    assert.equal(ids.length, 1);
    await assert.rejects(results.lock("p", ["a"], { requestId: "r", timeoutMs: 300 }), is("unavailable", /no/));
    const repeated = ids.slice(1);
    assert.ok(repeated.length > 1 && repeated.every((id) => id === "r"));
  });
});
