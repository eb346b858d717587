import assert from "node:assert/strict";
import { test } from "node:test";

import { fromBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { BSON } from "bson";

import * as pb from "../../src/gen/workflow_results/v1/results_pb.js";
import { Results, ResultsError } from "../../src/index.js";
import { bytes, type FakeCall, FakeService } from "./fake.js";

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
  await using results = new Results({ target: "127.0.0.1:1", timeoutMs: 1000 });
  const began = performance.now();
  await assert.rejects(results.watch(), is("unavailable", /nothing answers/));
  assert.ok(performance.now() - began < 1900);
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
    await assert.rejects(results.history("p", "a", { timeoutMs: 900 }), is("deadline_exceeded", /timeout of 0.9 s/));
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
    await assert.rejects(results.lock("p", ["a"], { requestId: "r", timeoutMs: 1500 }), is("unavailable", /no/));
    const repeated = ids.slice(1);
    assert.ok(repeated.length > 1 && repeated.every((id) => id === "r"));
  });
});

test("a watch tells its token with each change, and fails for good", async () => {
  const told = [
    bytes(pb.WatchResponseSchema, { resumeToken: Buffer.from("t0") }),
    bytes(pb.WatchResponseSchema, {
      resumeToken: Buffer.from("t1"),
      events: [{ kind: pb.ChangeKind.DELETED, id: "a" }],
    }),
  ];
  const answer = (call: FakeCall): void => {
    told.forEach((each) => call.write(each));
    setTimeout(() => {
      call.emit("error", { code: status.INVALID_ARGUMENT, details: "no more" });
    }, 50);
  };
  await FakeService.run({ Watch: answer }, async (target) => {
    await using results = new Results({ target });
    const watch = await results.watch();
    assert.equal(Buffer.from(watch.resumeToken).toString(), "t0");
    assert.equal((await watch.next()).value?.id, "a");
    assert.equal(Buffer.from(watch.resumeToken).toString(), "t1");
    await assert.rejects(watch.next(), is("invalid_request", /no more/));
    await assert.rejects(watch.next(), is("invalid_request", /no more/));
    await watch.close();
    assert.ok((await watch.next()).done);
  });
});

test("closing a watch ends it for whoever waits", async () => {
  const begun = bytes(pb.WatchResponseSchema, { resumeToken: Buffer.from("t0") });
  await FakeService.run({ Watch: (call) => call.write(begun) }, async (target) => {
    await using results = new Results({ target });
    const watch = await results.watch();
    const next = watch.next();
    await watch.close();
    assert.ok((await next).done);
  });
});

test("calls that are over make room for others on their connection", async () => {
  const summary = bytes(pb.ViewResponseSchema, { part: { summary: { count: 0n } } });
  const peers = new Set<string>();
  const answer = (call: FakeCall, message: Buffer): void => {
    peers.add(call.getPeer());
    call.write(message);
    call.end();
  };
  const answers = {
    View: (call: FakeCall) => {
      answer(call, summary);
    },
    Count: (call: FakeCall) => {
      answer(call, Buffer.alloc(0));
    },
  };
  await FakeService.run(answers, async (target, fake) => {
    await using results = new Results({ target });
    for (let number = 0; number < 100; number++) {
      await results.view("p").next();
      await results.count("p");
    }
    assert.equal(fake.calls, 200);
    assert.equal(peers.size, 2); // reads are apart from calls with one answer
  });
});

test("a service that does not answer is left at the deadline, or when the caller says so", async () => {
  const tokens: unknown[] = [];
  const ignore = ({ metadata }: FakeCall): void => {
    tokens.push(metadata.get("authorization")[0]);
  };
  await FakeService.run({ View: ignore, Count: ignore, Lock: ignore, Watch: ignore }, async (target) => {
    await using results = new Results({ target, token: "secret" });
    const options = { timeoutMs: 1000 };
    await assert.rejects(results.view("p", options).next(), is("deadline_exceeded", /^View at .* 1 s/));
    await assert.rejects(results.watch(options), is("deadline_exceeded", /^Watch at .* 1 s/));
    await assert.rejects(results.count("p", options), is("deadline_exceeded", /^Count at .* 1 s/));
    const signal = AbortSignal.timeout(1000);
    const error = await results.lock("p", ["a"], { signal, requestId: "r" }).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ResultsError && error.kind === "cancelled" && error.outcomeUnknown);
    assert.deepEqual([...new Set(tokens)], ["Bearer secret"]);
  });
});

test("a connection takes 90 calls, and a further one the next", async () => {
  const peers = new Map<string, number>();
  const count = (call: FakeCall): void => {
    peers.set(call.getPeer(), (peers.get(call.getPeer()) ?? 0) + 1);
    call.write(bytes(pb.WatchResponseSchema, {}));
  };
  await FakeService.run({ Watch: count }, async (target) => {
    await using results = new Results({ target });
    await Promise.all(Array.from({ length: 92 }, () => results.watch()));
    assert.deepEqual([...peers.values()].sort(), [2, 90]);
  });
});

test("ids that are too many for one request go in several, each once", async () => {
  const ids = Array.from({ length: 20_001 }, (_, index) => String(index));
  const seen: string[] = [];
  const answer = (call: FakeCall): void => {
    call.once("data", (message: Buffer) => {
      seen.push(...fromBinary(pb.GetByIdRequestSchema, message).ids);
      call.write(bytes(pb.GetByIdResponseSchema, { part: { summary: { count: 0n } } }));
      call.end();
    });
  };
  await FakeService.run({ GetById: answer }, async (target, fake) => {
    await using results = new Results({ target });
    assert.ok((await results.getById("p", ids).next()).done);
    assert.equal(fake.calls, 3);
    assert.deepEqual(seen, ids.sort().reverse());
  });
});

/** Break a stream after a while in which the client must not lose its patience. */
function breakLater(call: FakeCall): void {
  setTimeout(() => {
    call.emit("error", { code: status.UNAVAILABLE, details: "broken" });
  }, 400);
}

test("a read or a watch that goes on is never out of patience", async () => {
  const begun = bytes(pb.WatchResponseSchema, { resumeToken: Buffer.from("t") });
  const told = bytes(pb.WatchResponseSchema, { events: [{ kind: pb.ChangeKind.DELETED, id: "a" }] });
  const batch = bytes(pb.ViewResponseSchema, { part: { batch: { results: { bson: BSON.serialize({ id: "a" }) } } } });
  const summary = bytes(pb.ViewResponseSchema, { part: { summary: { count: 0n } } });
  const calls = { view: 0, watch: 0 };
  const View = (call: FakeCall): void => {
    call.write(++calls.view < 5 ? batch : summary);
    breakLater(call);
  };
  const Watch = (call: FakeCall): void => {
    call.write(++calls.watch < 5 ? begun : told);
    breakLater(call);
  };
  await FakeService.run({ View, Watch }, async (target) => {
    await using results = new Results({ target, timeoutMs: 1000 });
    const read = async (): Promise<number> => {
      let count = 0;
      for await (const _ of results.view("p")) {
        count++;
      }
      return count;
    };
    const watched = async (): Promise<unknown> => (await (await results.watch()).next()).value?.kind;
    assert.deepEqual(await Promise.all([read(), watched()]), [4, "DELETED"]);
  });
});

test("a read that is left is cancelled", async () => {
  const batch = bytes(pb.ViewResponseSchema, { part: { batch: { results: { bson: BSON.serialize({ id: "a" }) } } } });
  const cancelled = new Promise<void>((resolve) => {
    const answer = (call: FakeCall): void => {
      call.on("cancelled", resolve);
      call.write(batch);
    };
    void FakeService.run({ View: answer }, async (target) => {
      const results = new Results({ target });
      for await (const _ of results.view("p")) {
        break;
      }
      await cancelled;
      results.close();
    });
  });
  await cancelled;
});
