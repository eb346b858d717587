/**
 * The client of Workflow Results, which stores the results of scientific pipelines. It begins with `Results`.
 *
 * @packageDocumentation
 */
export { Depositor } from "./deposits/depositor.js";
export { PendingReceipt } from "./deposits/pending.js";
export { type ErrorKind, ResultsError } from "./errors.js";
export type {
  ChangeOptions,
  DropOptions,
  GetByCountOptions,
  GetLockedOptions,
  QueryOptions,
  ResultsOptions,
  TopOptions,
  UnlockOptions,
  ViewOptions,
  WatchOptions,
} from "./options.js";
export type * from "./outcomes.js";
export { Results, type ResultStream } from "./results.js";
export { Watch } from "./streams/watch.js";
export type { CallOptions } from "./transport/service.js";
