import type { Receipt, Work } from "./outcomes.js";

/**
 * What kind of failure an error is.
 *
 * | kind | what has happened |
 * |---|---|
 * | `invalid_request` | The request, or a work in it, breaks a rule. Repeating it does not help. |
 * | `unauthenticated` | The token or certificate is missing, wrong or expired. |
 * | `permission_denied` | The token or certificate does not allow this. |
 * | `unavailable` | The service can't be reached, or can't work at the moment. |
 * | `deadline_exceeded` | The call took longer than its timeout, or than the server's limit for a call. |
 * | `cancelled` | The caller's `AbortSignal`, or closing the client, has ended the call. |
 * | `other` | Anything else. |
 */
export type ErrorKind =
  | "invalid_request"
  | "unauthenticated"
  | "permission_denied"
  | "unavailable"
  | "deadline_exceeded"
  | "cancelled"
  | "other";

/** What an error is made of; everything but the kind may be left out. */
export interface ErrorParts {
  kind: ErrorKind;
  code?: string;
  reason?: string;
  fields?: readonly string[];
  callId?: string;
  retryDelayMs?: number;
  outcomeUnknown?: boolean;
  works?: readonly Work[];
  receipts?: readonly Receipt[];
  cause?: unknown;
}

/** Any failure of Workflow Results. */
export class ResultsError extends Error {
  override readonly name = "ResultsError";
  /** What kind of failure it is. */
  readonly kind: ErrorKind;
  /** The name of the gRPC status, such as `"UNAVAILABLE"`; empty if there is none. */
  readonly code: string;
  /** The name of the `ErrorReason` in the proto, such as `"OVERLOADED"`; empty if the service has given none. */
  readonly reason: string;
  /** The paths of the fields at fault, such as `"works[3].id"`. */
  readonly fields: readonly string[];
  /** The id of the call in the log of the server; empty if the service has not answered. */
  readonly callId: string;
  /** How long the service asks to wait before a retry, in milliseconds; 0 if it does not ask. */
  readonly retryDelayMs: number;
  /**
   * Whether the call may have changed something although it failed. This does not cover earlier calls with the same
   * `requestId`.
   */
  outcomeUnknown: boolean;
  /** On errors of a deposit, the works with the ids that they got: depositing these again is safe. Otherwise empty. */
  works: readonly Work[];
  /** On errors of a depositor that was closed, the receipts of works that are not stored. Otherwise empty. */
  receipts: readonly Receipt[];

  /** @internal */
  constructor(message: string, parts: ErrorParts) {
    super(message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.kind = parts.kind;
    this.code = parts.code ?? "";
    this.reason = parts.reason ?? "";
    this.fields = parts.fields ?? [];
    this.callId = parts.callId ?? "";
    this.retryDelayMs = parts.retryDelayMs ?? 0;
    this.outcomeUnknown = parts.outcomeUnknown ?? false;
    this.works = parts.works ?? [];
    this.receipts = parts.receipts ?? [];
  }
}

/** The error for what the client refuses before anything is sent. */
export function invalid(message: string, cause?: unknown): ResultsError {
  return new ResultsError(message, { kind: "invalid_request", code: "INVALID_ARGUMENT", cause });
}

/** The error for a service that does not answer as it should. */
export function unavailable(message: string, cause?: unknown): ResultsError {
  return new ResultsError(message, { kind: "unavailable", code: "UNAVAILABLE", cause });
}

/** The error for what the caller has ended; `cause` is the reason of its signal. */
export function cancelled(what: string, cause: unknown): ResultsError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new ResultsError(`${what} was cancelled${why}`, { kind: "cancelled", code: "CANCELLED", cause });
}

/** Whatever was thrown, as an error of ours where it is one. */
export function asResultsError(error: unknown): ResultsError {
  return error instanceof ResultsError
    ? error
    : new ResultsError(error instanceof Error ? error.message : String(error), { kind: "other", cause: error });
}
