import type { Document } from "bson";

/**
 * A work or a document as callers give it: an object, a `Map`, which keeps the order of its fields even where their
 * names are numbers, or a BSON document that is encoded already.
 */
export type Given = Document | ReadonlyMap<string, unknown> | Uint8Array;

/** A finished unit of pipeline work; it needs `pipeline` and `status`, `"success"` or `"failure"`. */
export type Work = Given;

/** A work that has been deposited, without MongoDB's `_id`. */
export type Result = Document;

/** What became of one deposited work. */
export type Outcome =
  /** Stored durably by this call. */
  | "DEPOSITED"
  /** Stored durably before, with the same content. */
  | "ALREADY_DEPOSITED"
  /** Not stored: a result with the same id and other content exists; it was not changed. */
  | "CONFLICT"
  /** Not stored: the work breaks a rule, named by `reason`. */
  | "REJECTED";

/** The outcome of one deposited work. */
export interface Receipt {
  /** The pipeline of the work. */
  readonly pipeline: string;
  /** The id of the work, which may be one that it got. */
  readonly id: string;
  /** Its outcome. */
  readonly outcome: Outcome;
  /** For a rejected work, the name of the `RejectionReason`, a colon, and a sentence; otherwise empty. */
  readonly reason: string;
  /** Whether the work is now stored durably with the content that was sent. */
  readonly stored: boolean;
}

/** One result for which an all-or-nothing call was refused. */
export interface Refusal {
  /** The pipeline of the result. */
  readonly pipeline: string;
  /** The id of the result. */
  readonly id: string;
  /** True when it is locked, false when it does not exist. */
  readonly locked: boolean;
}

/** The outcome of an all-or-nothing call. */
export interface ChangeOutcome {
  /** True when every named result was changed, or was already as requested; false when nothing was changed. */
  readonly applied: boolean;
  /** The results for which the call was refused: the first 1,000. */
  readonly refusals: readonly Refusal[];
  /** For how many results the call was refused in all. */
  readonly refusalCount: number;
}

/** The outcome of an `unlock`. */
export interface UnlockOutcome extends ChangeOutcome {
  /** How many of the results were locked: with `force` those that were unlocked, else those that it would unlock. */
  readonly lockedCount: number;
}

/** How many results have a value. */
export interface ValueCount {
  /** The value. */
  readonly value: unknown;
  /** The number of results that have it. */
  readonly count: bigint;
}

/** The numbers of results by the values of a field. */
export interface ValueCounts {
  /** The values, the most frequent first; of equally frequent ones, the lowest first. At most 1,000. */
  readonly counts: readonly ValueCount[];
  /** Whether there are more values. */
  readonly hasMore: boolean;
  /** How many values are not told apart: documents, arrays in arrays, strings and binaries of over 1,024 bytes. */
  readonly otherCount: bigint;
}

/** An index on a field of a pipeline. */
export interface FieldIndex {
  /** The path of the field. */
  readonly field: string;
  /** How much disk space it takes, in bytes. */
  readonly sizeBytes: bigint;
  /** Whether it serves queries; false while it is being built. */
  readonly ready: boolean;
}

/** The method that changed a result, or a pipeline. */
export type ChangeMethod = "UPDATE" | "DELETE_IDS" | "LOCK" | "UNLOCK" | "DROP_PIPELINE";

/** One change of a result, or of a pipeline. */
export interface HistoryEntry {
  /** When, to the millisecond, by the clock of the server that made the change. */
  readonly time: Date | null;
  /** What was done. */
  readonly method: ChangeMethod;
  /** The name of the caller's token or certificate; empty if the server has no tokens file. */
  readonly caller: string;
  /** The top-level fields that an update set; only the first ones if their names have over 16,384 characters. */
  readonly fields: readonly string[];
  /** How many top-level fields an update set. */
  readonly fieldCount: number;
  /** Why, as the caller gave it; may be empty. */
  readonly reason: string;
  /** The request id that the caller gave; may be empty. */
  readonly requestId: string;
  /** How many results of the pipeline the request named, including this one; 0 for a pipeline. */
  readonly resultCount: number;
}

/** What a server accepts. */
export interface Limits {
  /** The largest request, in bytes. */
  readonly messageBytes: bigint;
  /** The largest work, in bytes of BSON. */
  readonly workBytes: bigint;
  /** The most levels of documents and arrays in a work. */
  readonly workDepth: number;
  /** The longest pipeline name, in characters. */
  readonly pipelineLength: number;
  /** The longest id, in characters. */
  readonly idLength: number;
  /** The most ids or works in one all-or-nothing request. */
  readonly transactionResults: number;
  /** The size that batches of results aim at, in bytes. */
  readonly batchBytes: bigint;
  /** The longest time that the server spends on a call that answers once, or on the next batch, in seconds. */
  readonly serverSeconds: number;
  /** The most works in one request. */
  readonly requestWorks: number;
  /** The most pipelines, including those without results. */
  readonly pipelines: number;
}

/** Versions and limits of a server. */
export interface Info {
  /** The version of the server. */
  readonly serverVersion: string;
  /** The version of the API: the name of its package. */
  readonly apiVersion: string;
  /** The version of MongoDB. */
  readonly mongodbVersion: string;
  /** What checks deposited works: "native" with its version, or "python" with the reason. */
  readonly checker: string;
  /** What the server accepts. */
  readonly limits: Limits;
}

/** What happened to a result that is watched. */
export type ChangeKind =
  /** Nothing: it was there when the watch began, with `snapshot`. */
  | "EXISTING"
  /** Nothing: all results that were there have come. The change has no pipeline and no id. */
  | "SNAPSHOT_COMPLETE"
  | "DEPOSITED"
  | "UPDATED"
  /** It was locked, or had been locked before. */
  | "LOCKED"
  /** It was unlocked, or had been unlocked before. */
  | "UNLOCKED"
  | "DELETED"
  /** An administrator changed it in MongoDB. */
  | "CHANGED"
  /** It was changed, and does not match the query now. */
  | "UNMATCHED"
  /** Its pipeline was dropped, with all results that may have been in it. The change has no id. */
  | "DROPPED";

/** One change of a result, from `watch`. */
export interface Change {
  /** What happened. */
  readonly kind: ChangeKind;
  /** The pipeline of the result. */
  readonly pipeline: string;
  /** The id of the result. */
  readonly id: string;
  /** The result as it was when the change was told; null for DELETED, UNMATCHED, DROPPED and SNAPSHOT_COMPLETE. */
  readonly result: Result | null;
  /** When, to the millisecond; null for EXISTING and SNAPSHOT_COMPLETE. */
  readonly time: Date | null;
  /** The name of the caller's token or certificate, for changes by methods; empty if there are no tokens. */
  readonly caller: string;
  /** Why, as the caller gave it; may be empty. */
  readonly reason: string;
  /** The top-level fields that an update set, as in `HistoryEntry`. */
  readonly fields: readonly string[];
  /** What to give to `watch` to go on behind this change. The last changes may come again then. */
  readonly resumeToken: Uint8Array;
}
