import { fromBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack, type Duration } from "@bufbuild/protobuf/wkt";
import { status, type ServiceError } from "@grpc/grpc-js";

import { type Deadline, seconds } from "../deadline.js";
import { type ErrorKind, ResultsError } from "../errors.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, StatusSchema } from "../gen/google/rpc/details_pb.js";

const DOMAIN = "workflow-results";
const LONGEST_RETRY_MS = 60_000;

const KINDS: Readonly<Record<number, ErrorKind>> = {
  [status.INVALID_ARGUMENT]: "invalid_request",
  [status.FAILED_PRECONDITION]: "invalid_request",
  [status.UNAUTHENTICATED]: "unauthenticated",
  [status.PERMISSION_DENIED]: "permission_denied",
  [status.UNAVAILABLE]: "unavailable",
  // What the caller cancels has an error of its own: this is a server that ends.
  [status.CANCELLED]: "unavailable",
  [status.DEADLINE_EXCEEDED]: "deadline_exceeded",
};
/** Answers to calls that were refused. After others, those of proxies too, a change may have been made. */
const NOTHING_DONE = new Set([
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.UNIMPLEMENTED,
  status.RESOURCE_EXHAUSTED,
]);
const CHANGING = new Set([
  "Deposit",
  "DepositStream",
  "Update",
  "DeleteIds",
  "Lock",
  "Unlock",
  "CreateIndex",
  "DropIndex",
  "DropPipeline",
]);
/** What grpc-js says of streams that broke, with the codes INTERNAL, and RESOURCE_EXHAUSTED for ENHANCE_YOUR_CALM. */
const BROKEN = /^Received RST_STREAM with code|^Bandwidth exhausted or memory limit exceeded$/;
/** What it says of calls that were not sent, or not looked at (RFC 9113, section 8.7). */
const UNSENT = /^No connection established|^Name resolution failed|^Stream refused by server|^Failed to start HTTP\/2/;

/** Whether a method changes something. */
export function isChanging(method: string): boolean {
  return CHANGING.has(method);
}

/** Put the failure of a call into our terms. */
export function fromServiceError(
  error: ServiceError,
  method: string,
  target: string,
  deadline: Deadline,
): ResultsError {
  const { reason, fields, callId, outcome, retryDelayMs } = detailsOf(error);
  const broken = !reason && (BROKEN.test(error.details) || UNSENT.test(error.details));
  const code = broken ? status.UNAVAILABLE : error.code;
  const kind = KINDS[code] ?? "other";
  return new ResultsError(worded(error, kind, reason, method, target, deadline), {
    kind,
    code: status[code],
    reason,
    fields,
    callId,
    retryDelayMs,
    outcomeUnknown:
      CHANGING.has(method) && !NOTHING_DONE.has(code) && outcome !== "NOT_APPLIED" && !UNSENT.test(error.details),
    cause: error,
  });
}

function worded(
  error: ServiceError,
  kind: ErrorKind,
  reason: string,
  method: string,
  target: string,
  deadline: Deadline,
): string {
  if (reason === "TOKEN_MISSING") {
    return `${method} at ${target}: ${error.details} (token or WORKFLOW_RESULTS_TOKEN)`;
  }
  if (reason) {
    const isAboutRequest = kind === "invalid_request" || kind === "permission_denied";
    return isAboutRequest ? error.details : `${method} at ${target}: ${error.details}`;
  }
  if (kind === "deadline_exceeded") {
    return late(method, target, deadline);
  }
  if (kind === "unavailable") {
    return `the connection to ${target} failed: ${error.details}`;
  }
  if (error.code === status.UNIMPLEMENTED) {
    return `${target} does not offer ${method}: is it a Workflow Results server, and not older than this client?`;
  }
  return `${method} at ${target} failed with ${status[error.code]}: ${error.details}`;
}

function late(method: string, target: string, deadline: Deadline): string {
  const limit = deadline.ms === Infinity ? "the time limit of a proxy" : `its timeout of ${seconds(deadline.ms)}`;
  return `${method} at ${target} took longer than ${limit}`;
}

interface Details {
  readonly reason: string;
  readonly fields: readonly string[];
  readonly callId: string;
  readonly outcome: string;
  readonly retryDelayMs: number;
}

/** Why a call failed, as far as the service has said so; nothing of a proxy's. */
function detailsOf(error: ServiceError): Details {
  const nothing = { reason: "", fields: [], callId: "", outcome: "", retryDelayMs: 0 };
  const [data] = error.metadata.get("grpc-status-details-bin");
  if (!(data instanceof Uint8Array)) {
    return nothing;
  }
  try {
    const { details } = fromBinary(StatusSchema, data);
    const detail = <Desc extends DescMessage>(schema: Desc): MessageShape<Desc> | undefined =>
      details.map((each) => anyUnpack(each, schema)).find((each) => each !== undefined);
    const info = detail(ErrorInfoSchema);
    if (info?.domain !== DOMAIN) {
      return nothing;
    }
    return {
      reason: info.reason,
      fields: detail(BadRequestSchema)?.fieldViolations.map(({ field }) => field) ?? [],
      callId: info.metadata["call_id"] ?? "",
      outcome: info.metadata["outcome"] ?? "",
      retryDelayMs: delay(detail(RetryInfoSchema)?.retryDelay),
    };
  } catch {
    return nothing;
  }
}

function delay(duration: Duration | undefined): number {
  const ms = duration ? Number(duration.seconds) * 1000 + duration.nanos / 1e6 : 0;
  return Math.min(Math.max(0, ms), LONGEST_RETRY_MS);
}
