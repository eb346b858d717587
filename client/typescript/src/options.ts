import type { Given } from "./outcomes.js";
import type { TlsOptions } from "./transport/credentials.js";
import type { CallOptions } from "./transport/service.js";

/** Where the service is, and how to talk to it. What is not given comes from the environment. */
export interface ResultsOptions extends TlsOptions {
  /**
   * Where the service is: `host:port`, `dns:///host:port`, or `unix:path`. Default: the environment variable
   * `WORKFLOW_RESULTS_TARGET`, else `localhost:50051`.
   */
  target?: string | undefined;
  /** The access token. Default: `WORKFLOW_RESULTS_TOKEN`, else `WORKFLOW_TOKEN`. An empty string is none. */
  token?: string | undefined;
  /**
   * Whether connections are made with TLS. Default: if one of the files is given. `false` sends even a token in plain
   * text, and ignores the files of the environment.
   */
  tls?: boolean | undefined;
  /** The file of the authorities to trust, as PEM. Default: `WORKFLOW_RESULTS_CA_FILE`, else the well-known ones. */
  caFile?: string | undefined;
  /** The file of the client certificate, as PEM. Default: `WORKFLOW_RESULTS_CERT_FILE`. It needs its `keyFile`. */
  certFile?: string | undefined;
  /** The file of the key of the client certificate, as PEM without a password. Default: `WORKFLOW_RESULTS_KEY_FILE`. */
  keyFile?: string | undefined;
  /**
   * How long a call with one answer may take, retries included, in milliseconds. If it is below 60 s, reads, watches
   * and depositors that have failed give up after that time, too. Default: `WORKFLOW_RESULTS_TIMEOUT`, which is in
   * seconds, else 15 s.
   */
  timeoutMs?: number | undefined;
  /**
   * Whether numbers in results are objects of the classes `Int32`, `Long` and `Double` of `bson`, with which every type
   * survives being read and deposited again. By default, int64 comes as bigint, and int32 and double as number: a
   * double without a fraction, like 1.0, is then written as int32.
   */
  exact?: boolean | undefined;
}

/** How a change is made. */
export interface ChangeOptions extends CallOptions {
  /** Why, for the history: at most 1,000 characters, without NUL. */
  reason?: string | undefined;
  /**
   * Up to 64 visible ASCII characters that you use for no other request, such as a UUID. With it, the call is sent
   * again when its outcome is unknown, and is carried out once. Without it, it is sent again only if the service says
   * that it has changed nothing.
   */
  requestId?: string | undefined;
}

/** How results are unlocked. */
export interface UnlockOptions extends ChangeOptions {
  /** Whether to unlock them. Default: false, which only counts the locked ones. */
  force?: boolean | undefined;
}

/** How a pipeline is dropped. */
export interface DropOptions extends CallOptions {
  /** Why, for the history: at most 1,000 characters, without NUL. */
  reason?: string | undefined;
}

/** Which results to choose. */
export interface QueryOptions extends CallOptions {
  /** A MongoDB filter. Default: all results. */
  query?: Given | undefined;
}

/** Which results to read, and what of them. */
export interface ViewOptions extends QueryOptions {
  /** A MongoDB projection. Default: whole results. */
  projection?: Given | undefined;
  /** How many matching results to skip. Default: 0. */
  skip?: number | bigint | undefined;
  /** How many results to read at most. Default: 0, which is no limit. */
  limit?: number | bigint | undefined;
}

/** Which results of the ranking to read, and what of them. */
export interface TopOptions extends QueryOptions {
  /** A MongoDB projection. Default: whole results. */
  projection?: Given | undefined;
  /** How many results to read at most, from 1 to 10,000. Default: 100. */
  limit?: number | undefined;
  /** Whether the lowest values come first. Default: false. */
  ascending?: boolean | undefined;
}

/** How many results to read. */
export interface GetByCountOptions extends CallOptions {
  /** How many results to read at most; 0 is no limit. Default: 10. */
  count?: number | bigint | undefined;
}

/** Which locked results to read. */
export interface GetLockedOptions extends GetByCountOptions {
  /** How many locked results to skip. Default: 0. */
  skip?: number | bigint | undefined;
}

/** What to watch. `timeoutMs` is for the whole watch; by default, it has no end. */
export interface WatchOptions extends QueryOptions {
  /** The pipelines to watch. Default: all that the caller may use, including future ones. */
  pipelines?: readonly string[] | undefined;
  /** A MongoDB projection. Default: whole results. */
  projection?: Given | undefined;
  /** Whether the results that are there come first. Default: false. */
  snapshot?: boolean | undefined;
  /** Where an earlier watch of the same has ended. */
  resumeToken?: Uint8Array | undefined;
}
