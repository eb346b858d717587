import assert from "node:assert/strict";
import { test } from "node:test";

import { fromBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { BSON } from "bson";

import { split } from "../../src/documents/codec.js";
import * as pb from "../../src/gen/workflow_results/v1/results_pb.js";
import { type Receipt, Results, ResultsError, type Work } from "../../src/index.js";
import { bytes, type FakeCall, FakeService } from "./fake.js";

const MIB = 1 << 20;

function work(id: string, size = 0): Work {
  return { id, pipeline: "p", status: "success", results: { padding: Buffer.alloc(size) } };
}

function idsOf(works: pb.EncodedDocuments | undefined): string[] {
  return split(works?.bson ?? new Uint8Array()).map((data) => String(BSON.deserialize(data)["id"]));
}

/** The outcome that a work gets by its id: "c…" is a conflict. */
function outcomesOf(ids: readonly string[]): pb.DepositOutcome[] {
  return ids.map((id) => (id.startsWith("c") ? pb.DepositOutcome.CONFLICT : pb.DepositOutcome.DEPOSITED));
}

function refuse(call: FakeCall): void {
  call.emit("error", { code: status.UNAUTHENTICATED, details: "no token" });
}

function answerDeposit(call: FakeCall): void {
  call.once("data", (message: Buffer) => {
    const ids = idsOf(fromBinary(pb.DepositRequestSchema, message).works);
    if (ids.includes("fail")) {
      refuse(call);
    } else if (!ids.includes("hang")) {
      const outcomes = outcomesOf(ids);
      call.write(bytes(pb.DepositResponseSchema, { outcomes }));
      call.end();
    }
  });
}

/** Acknowledge the requests of a stream after a while. */
function acknowledge(call: FakeCall, seen: string[], ms: number): void {
  call.on("data", (message: Buffer) => {
    const { sequence, works } = fromBinary(pb.DepositStreamRequestSchema, message);
    const ids = idsOf(works);
    seen.push(...ids);
    setTimeout(() => {
      call.write(bytes(pb.DepositStreamResponseSchema, { sequence, outcomes: outcomesOf(ids) }));
    }, ms);
  });
  call.on("end", () => {
    call.end();
  });
}

async function errorOf(promise: Promise<unknown>): Promise<ResultsError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ResultsError, String(error));
  return error;
}

test("a list in several requests has its receipts in the order of the works", async () => {
  await FakeService.run({ Deposit: answerDeposit }, async (target, fake) => {
    await using results = new Results({ target });
    const works = [work("a", MIB), work("c1", MIB), work("b"), work("c2")];
    const told = (await results.deposit(works)).map(({ id, outcome }) => [id, outcome]);
    assert.deepEqual(told, [
      ["a", "DEPOSITED"],
      ["c1", "CONFLICT"],
      ["b", "DEPOSITED"],
      ["c2", "CONFLICT"],
    ]);
    assert.equal(fake.calls, 3);
  });
});

test("a list of which a request fails ends the others, and may be stored in part", async () => {
  await FakeService.run({ Deposit: answerDeposit }, async (target) => {
    await using results = new Results({ target });
    const began = performance.now();
    const failed = await errorOf(results.deposit([work("hang", MIB), work("fail", MIB)]));
    assert.ok(performance.now() - began < 10_000); // less than the timeout
    assert.deepEqual([failed.kind, failed.works.length, failed.outcomeUnknown], ["unauthenticated", 2, true]);
    assert.ok(!(await errorOf(results.deposit([work("fail")]))).outcomeUnknown);
    const same = await errorOf(results.deposit([work("a", MIB), work("a", MIB), work("fail")]));
    assert.ok(same.outcomeUnknown); // one after another, so that the first is stored
  });
});

test("flushing waits for what was given so far, and closing tells what is not stored", async () => {
  const seen: string[] = [];
  const answer = (call: FakeCall): void => {
    acknowledge(call, seen, 50);
  };
  await FakeService.run({ DepositStream: answer }, async (target) => {
    await using results = new Results({ target });
    const depositor = results.depositor();
    await Promise.all([depositor.deposit(work("a")), depositor.deposit(work("c"))]);
    await depositor.flush();
    assert.deepEqual(seen, ["a", "c"]);
    const asked = await depositor.deposit(work("c2"));
    assert.equal((await asked.receipt()).outcome, "CONFLICT");
    const error = await errorOf(depositor.close());
    assert.deepEqual(
      error.receipts.map(({ id }: Receipt) => id),
      ["c"],
    );
    await depositor.close();
    assert.match((await errorOf(depositor.deposit(work("d")))).message, /closed/);
  });
});

test("works that are not awaited stay in their order when there is no room", async () => {
  const seen: string[] = [];
  const answer = (call: FakeCall): void => {
    acknowledge(call, seen, 5);
  };
  await FakeService.run({ DepositStream: answer }, async (target) => {
    await using results = new Results({ target });
    const depositor = results.depositor();
    const ids = Array.from({ length: 40 }, (_, index) => `w${index}`);
    const given = ids.map((id) => depositor.deposit(work(id, MIB)));
    await depositor.close();
    await Promise.all(given);
    assert.deepEqual(seen, ids);
  });
});

test("a depositor that fails tells all works that are not acknowledged", async () => {
  await FakeService.run({ DepositStream: refuse }, async (target) => {
    await using results = new Results({ target });
    const depositor = results.depositor();
    const given = Array.from({ length: 20 }, (_, index) => depositor.deposit(work(`w${index}`, MIB)));
    const rejected = (await Promise.allSettled(given)).filter((each) => each.status === "rejected");
    assert.equal(rejected.length, 4); // those that were waiting for room
    const error = await errorOf(depositor.flush());
    assert.deepEqual([error.kind, error.works.length], ["unauthenticated", 20]);
    assert.equal(await errorOf(depositor.close()), error);
  });
});

test("a depositor that gets on is never out of patience, and one that is not answered gives up", async () => {
  const acknowledgeOne = (call: FakeCall): void => {
    call.once("data", (message: Buffer) => {
      const { sequence } = fromBinary(pb.DepositStreamRequestSchema, message);
      const outcomes = [pb.DepositOutcome.DEPOSITED];
      setTimeout(() => {
        call.write(bytes(pb.DepositStreamResponseSchema, { sequence, outcomes }));
        call.emit("error", { code: status.UNAVAILABLE, details: "broken" });
      }, 400);
    });
  };
  await FakeService.run({ DepositStream: acknowledgeOne }, async (target, fake) => {
    await using results = new Results({ target, timeoutMs: 1200 });
    const depositor = results.depositor();
    await Promise.all(["a", "b", "c", "d"].map((id) => depositor.deposit(work(id, MIB))));
    await depositor.close();
    assert.equal(fake.calls, 4);
  });
  await FakeService.run({ DepositStream: () => undefined }, async (target) => {
    await using results = new Results({ target, timeoutMs: 2000 });
    const depositor = results.depositor();
    await depositor.deposit(work("a"));
    const error = await errorOf(depositor.close());
    assert.match(error.message, /no acknowledgement for 2 s/);
    assert.ok(error.outcomeUnknown);
  });
});
