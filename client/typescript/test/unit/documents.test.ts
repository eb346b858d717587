import assert from "node:assert/strict";
import { test } from "node:test";

import { BSON, Decimal128, Double, Int32, Long, ObjectId } from "bson";

import { Codec, encode, split } from "../../src/documents/codec.js";
import { prepare, prepareAll } from "../../src/documents/works.js";
import { ResultsError } from "../../src/errors.js";
import type { Given } from "../../src/index.js";

function refused(call: () => unknown, message: RegExp): void {
  assert.throws(
    call,
    (error) => error instanceof ResultsError && error.kind === "invalid_request" && message.test(error.message),
  );
}

test("documents that stand back to back are divided, and lose their _id", () => {
  const documents = [{ _id: "a", id: "a", n: 1 }, { id: "b" }, { _id: "ä€", id: "ä€" }];
  const parts = split(Buffer.concat(documents.map((each) => BSON.serialize(each))));
  const plain = new Codec(false);
  assert.deepEqual(
    parts.map((each) => plain.decode(each)),
    [{ id: "a", n: 1 }, { id: "b" }, { id: "ä€" }],
  );
  assert.deepEqual(plain.decode(BSON.serialize({ _id: 1, id: "c" })), { id: "c" });
  assert.deepEqual(split(new Uint8Array()), []);
  for (const broken of [
    [5, 0, 0, 0],
    [9, 0, 0, 0, 0],
    [0, 0, 0, 0, 0],
    [255, 255, 255, 255, 0],
    [15, 0, 0, 0, 2, 0x5f, 0x69, 0x64, 0, 9, 0, 0, 0, 0, 0],
  ]) {
    assert.throws(() => split(Uint8Array.from(broken)), /wrong lengths/);
  }
});

test("int64 is never a double", () => {
  const data = encode({ a: 9007199254740993n, b: 1, c: 1.5, d: Long.fromNumber(7) }, "work");
  assert.deepEqual(new Codec(false).decode(data), { a: 9007199254740993n, b: 1, c: 1.5, d: 7n });
});

test("an exact client keeps every type", () => {
  const given = {
    a: 1n,
    b: new Double(1),
    c: new Int32(1),
    d: new Decimal128("1.10"),
    e: new ObjectId(),
    f: new Date(5),
  };
  const data = encode(given, "work");
  assert.deepEqual(encode(new Codec(true).decode(data), "work"), data);
});

test("a work without an id gets one, and is not changed", () => {
  const bare = { pipeline: "p", status: "success" };
  const forms: Given[] = [bare, { ...bare, id: null }, new Map(Object.entries(bare)), BSON.serialize(bare)];
  forms.push(BSON.serialize({ ...bare, id: null }));
  for (const given of forms) {
    const { id, data, pipeline } = prepare(given, "work");
    assert.match(id, /^[0-9a-f]{24}$/);
    assert.equal(pipeline, "p");
    assert.deepEqual(BSON.deserialize(data), { ...bare, id });
  }
  assert.deepEqual(bare, { pipeline: "p", status: "success" });
});

test("a work tells whether it is locked", () => {
  assert.ok(prepare({ id: "a", results: { locked: true } }, "work").locked);
  assert.ok(prepare(BSON.serialize({ id: "a", results: { locked: true } }), "work").locked);
  assert.ok(!prepare({ id: "a", results: null }, "work").locked);
});

test("bytes are sent as they are, if they are one document", () => {
  const twice = Buffer.from("130000001061000100000010610002000000", "hex");
  refused(() => encode(twice, "query"), /^query must be one BSON document/);
  const framed = Buffer.concat([twice, Buffer.of(0)]);
  assert.equal(encode(framed, "query"), framed);
});

test("a map keeps the order of names that are numbers", () => {
  const data = encode(
    new Map([
      ["10", "b"],
      ["9", "a"],
    ]),
    "work",
  );
  assert.ok(Buffer.from(data).indexOf("10") < Buffer.from(data).indexOf("9\0"));
});

test("what BSON would change without a word is refused with its path", () => {
  const lost: unknown[] = [
    2n ** 63n,
    -(2n ** 63n) - 1n,
    new Set(["a"]),
    new Float64Array(2),
    new ArrayBuffer(2),
    Promise.resolve(),
  ];
  lost.push(new Error("x"), Object(1n) as object, "\ud800", new Date(NaN), { toBSON: () => new Date(NaN) });
  for (const value of lost) {
    refused(() => encode({ a: [new Map([["b", value]])] }, "work"), /^work\.a\.0\.b must /);
  }
  class Point {
    readonly x = 1;
  }
  const kept = { a: -(2n ** 63n), b: 2n ** 63n - 1n, c: new Point(), d: Buffer.of(1), e: "\u{1F600}", f: new Date(0) };
  assert.deepEqual(encode(kept, "work"), encode(new Map(Object.entries(kept)), "work"));
});

test("broken UTF-8 is an error, and the character that stands for it is not", () => {
  const codecs = [new Codec(false), new Codec(true)];
  const good = BSON.serialize({ a: [{ b: "x\uFFFDy" }] });
  const broken = Buffer.from(good);
  broken.fill(0xff, broken.indexOf("\uFFFD"), broken.indexOf("y"));
  for (const codec of codecs) {
    assert.deepEqual(codec.decode(good), { a: [{ b: "x\uFFFDy" }] });
    assert.throws(() => codec.decode(broken), /no valid BSON: Invalid UTF-8/);
  }
});

test("what can't be encoded is refused with its path", () => {
  const circular: Record<string, unknown> = {};
  circular["a"] = circular;
  refused(() => encode({ a: [{ b: new Date(NaN) }] }, "query"), /^query\.a\.0\.b must be a valid date/);
  refused(() => encode(circular, "query"), /^query can't be encoded as BSON: .*circular/);
  refused(() => encode({ a: Buffer.alloc(18 << 20) }, "work"), /^work has more than 16 MiB/);
  refused(() => encode({ a: "x".repeat(18 << 20) }, "work"), /16 MiB/);
  refused(() => prepareAll([{ id: "a" }, null as unknown as Given]), /^works\[1\] must be an object/);
  refused(() => prepareAll([[]]), /^works\[0\] must be an object/);
  refused(() => prepareAll({} as unknown as Given[]), /^works must be an array/);
});
