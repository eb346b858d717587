import type { Message } from "@bufbuild/protobuf";
import type { Document } from "bson";

import type { Codec } from "../documents/codec.js";
import { encode } from "../documents/codec.js";
import { invalid, ResultsError } from "../errors.js";
import {
  ChangeMethod as WireMethod,
  type ChangeOutcome as WireOutcome,
  type CountByResponse,
  type FieldIndex as WireIndex,
  type HistoryEntry as WireEntry,
  type InfoResponse,
  RefusalReason,
} from "../gen/workflow_results/v1/results_pb.js";
import type {
  ChangeMethod,
  ChangeOutcome,
  FieldIndex,
  Given,
  HistoryEntry,
  Info,
  Limits,
  ValueCounts,
} from "../outcomes.js";
import { shown } from "../settings.js";
import { dateOf } from "./times.js";

const METHODS: Readonly<Record<number, ChangeMethod>> = {
  [WireMethod.UPDATE]: "UPDATE",
  [WireMethod.DELETE_IDS]: "DELETE_IDS",
  [WireMethod.LOCK]: "LOCK",
  [WireMethod.UNLOCK]: "UNLOCK",
  [WireMethod.DROP_PIPELINE]: "DROP_PIPELINE",
};

/** What is not set in an answer although it must be. */
function incomplete(what: string): ResultsError {
  return new ResultsError(`the service has sent no ${what}: is it older than this client?`, { kind: "other" });
}

/** A message as a plain object. */
function plain<T extends Message>(message: T): Omit<T, "$typeName" | "$unknown"> {
  const { $typeName: _name, $unknown: _unknown, ...fields } = message;
  return fields;
}

/** A query or a projection as it is sent. */
export function documentOf(name: string, given: Given): { form: { case: "bson"; value: Uint8Array } } {
  return { form: { case: "bson", value: encode(given, name) } };
}

/** A number of 64 bits as it is sent. */
export function int64Of(name: string, value: number | bigint): bigint {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw invalid(`${name} must be an integer, and beyond 2^53 a bigint, not ${shown(value)}`);
  }
  return BigInt(value);
}

/** Strings that callers have given in a list; a string alone is none, although it is a list of letters. */
export function listOf(name: string, values: Iterable<string>): string[] {
  const given: unknown = values;
  const list = typeof given === "object" && given !== null && Symbol.iterator in given ? [...values] : undefined;
  if (!list?.every((each) => typeof each === "string")) {
    throw invalid(`${name} must be a list of strings, not ${shown(values)}`);
  }
  return list;
}

/** Ids without repetitions, in descending order of their bytes, as results come. */
export function descending(ids: Iterable<string>): string[] {
  const encoded = [...new Set(listOf("ids", ids))].map((id) => ({ id, bytes: Buffer.from(id) }));
  return encoded.sort((a, b) => Buffer.compare(b.bytes, a.bytes)).map(({ id }) => id);
}

/** The outcome of an all-or-nothing call. */
export function outcomeOf(outcome: WireOutcome | undefined): ChangeOutcome {
  if (!outcome) {
    throw incomplete("outcome");
  }
  const refusals = outcome.refusals.map(({ pipeline, id, reason }) => {
    return { pipeline, id, locked: reason === RefusalReason.LOCKED };
  });
  return { applied: outcome.applied, refusals, refusalCount: outcome.refusalCount };
}

/** Versions and limits. */
export function infoOf(info: InfoResponse): Info {
  if (!info.limits) {
    throw incomplete("limits");
  }
  const limits: Limits = plain(info.limits);
  return { ...plain(info), limits };
}

/** Numbers of results by value. */
export function countsOf({ counts, hasMore, otherCount }: CountByResponse, codec: Codec): ValueCounts {
  const decoded = counts.map(({ value, count }) => {
    const document: Document = value?.form.case === "bson" ? codec.decode(value.form.value) : {};
    return { value: document["value"] as unknown, count };
  });
  return { counts: decoded, hasMore, otherCount };
}

/** One change in a history. */
export function entryOf(entry: WireEntry): HistoryEntry {
  const method = METHODS[entry.method];
  if (!method) {
    throw new ResultsError("the history has changes that are not known to this client: is it older?", {
      kind: "other",
    });
  }
  return { ...plain(entry), method, time: dateOf(entry.time) };
}

/** An index. */
export function indexOf(index: WireIndex | undefined): FieldIndex {
  if (!index) {
    throw incomplete("index");
  }
  return plain(index);
}
