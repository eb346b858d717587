import { env } from "node:process";

import { create } from "@bufbuild/protobuf";

import {
  countsOf,
  descending,
  documentOf,
  entryOf,
  indexOf,
  infoOf,
  int64Of,
  listOf,
  outcomeOf,
} from "./calls/answers.js";
import { Depositor } from "./deposits/depositor.js";
import { deposit } from "./deposits/deposit.js";
import { Codec } from "./documents/codec.js";
import { encodeAll, prepareAll } from "./documents/works.js";
import * as pb from "./gen/workflow_results/v1/results_pb.js";
import type {
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
import type {
  ChangeOutcome,
  FieldIndex,
  HistoryEntry,
  Info,
  Receipt,
  Result,
  UnlockOutcome,
  ValueCounts,
  Work,
} from "./outcomes.js";
import { resolveTarget, resolveTimeout, resolveToken } from "./settings.js";
import { read } from "./streams/reads.js";
import { Watch } from "./streams/watch.js";
import { resolveCredentials } from "./transport/credentials.js";
import { type CallOptions, Service } from "./transport/service.js";

const DEFAULT_COUNT = 10;
const DEFAULT_TOP = 100;
const IDS_IN_REQUEST = 10_000;

const { method: methods } = pb.ResultsService;

/** An iterator over results, which begins when the first one is asked for. Leaving a loop over it ends the call. */
export type ResultStream = AsyncGenerator<Result, void, undefined>;

/**
 * The client of a Workflow Results service. It connects with the first call, and again whenever it must.
 *
 * Every method takes `timeoutMs`, the time for the whole call with its retries, and `signal`, which ends it. They fail
 * with a `ResultsError`.
 */
export class Results {
  /** @internal */
  readonly service: Service;
  readonly #codec: Codec;

  /**
   * @param options - Where the service is, and how to talk to it.
   * @throws ResultsError if a setting can't be used.
   */
  constructor(options: ResultsOptions = {}) {
    const target = resolveTarget(options.target, env);
    const credentials = resolveCredentials(target, resolveToken(options.token, env), options, env);
    this.service = new Service(target, credentials, resolveTimeout(options.timeoutMs, env));
    this.#codec = new Codec(options.exact ?? false);
  }

  /** The target of the service. */
  get target(): string {
    return this.service.target;
  }

  /** Close the connections. Calls under way are cancelled. Closing twice is fine. */
  close(): void {
    this.service.close();
  }

  /** Close it, as the end of a block with `await using` does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await Promise.resolve();
  }

  /**
   * Store works. Nothing is overwritten, and any deposit may be repeated. A list of any length is divided into
   * requests.
   *
   * @param works - The works; they are not changed. Those without an `id` get one.
   * @returns The outcome of each, in their order. A work that is not stored is no error.
   * @throws ResultsError if a request has failed; its `works` are all works with their ids, to be deposited again.
   */
  async deposit(works: readonly Work[], options: CallOptions = {}): Promise<Receipt[]> {
    return deposit(this.service, prepareAll(works), options);
  }

  /**
   * Return a depositor, for works that come one by one. It must be closed.
   *
   * @param options - `timeoutMs`: how long it may be without an acknowledgement; default: 60 s. `signal` ends it.
   */
  depositor(options: CallOptions = {}): Depositor {
    return new Depositor(this.service, options);
  }

  /** Read the results of a pipeline that match a query, in descending order of their ids. */
  view(pipeline: string, options: ViewOptions = {}): ResultStream {
    const { query = {}, projection = {}, skip = 0, limit = 0 } = options;
    const request = create(pb.ViewRequestSchema, {
      pipeline,
      query: documentOf("query", query),
      projection: documentOf("projection", projection),
      skip: int64Of("skip", skip),
      limit: int64Of("limit", limit),
    });
    return read(this.service, methods.view, [request], this.#codec, options);
  }

  /** Read the results with some ids, in descending order of them. Ids that are not found are left out. */
  getById(pipeline: string, ids: Iterable<string>, options: CallOptions = {}): ResultStream {
    const sorted = descending(ids);
    const requests = function* (): Generator<pb.GetByIdRequest> {
      for (let start = 0; start < sorted.length; start += IDS_IN_REQUEST) {
        yield create(pb.GetByIdRequestSchema, { pipeline, ids: sorted.slice(start, start + IDS_IN_REQUEST) });
      }
      if (sorted.length === 0) {
        yield create(pb.GetByIdRequestSchema, { pipeline }); // the service checks the pipeline
      }
    };
    return read(this.service, methods.getById, requests(), this.#codec, options);
  }

  /** Read the results whose field `event` contains a number, alone or among others. */
  getByEvent(pipeline: string, eventNumber: number | bigint, options: CallOptions = {}): ResultStream {
    const request = create(pb.GetByEventRequestSchema, {
      pipeline,
      eventNumber: int64Of("eventNumber", eventNumber),
    });
    return read(this.service, methods.getByEvent, [request], this.#codec, options);
  }

  /** Read the results with the highest ids; for ObjectId strings, the newest. */
  getByCount(pipeline: string, options: GetByCountOptions = {}): ResultStream {
    const request = create(pb.GetByCountRequestSchema, {
      pipeline,
      count: int64Of("count", options.count ?? DEFAULT_COUNT),
    });
    return read(this.service, methods.getByCount, [request], this.#codec, options);
  }

  /** Read the locked results that have `results`, `plots` and `products`, each reduced to these, `id` and `event`. */
  getLocked(pipeline: string, options: GetLockedOptions = {}): ResultStream {
    const request = create(pb.GetLockedRequestSchema, {
      pipeline,
      skip: int64Of("skip", options.skip ?? 0),
      count: int64Of("count", options.count ?? DEFAULT_COUNT),
    });
    return read(this.service, methods.getLocked, [request], this.#codec, options);
  }

  /**
   * Read the results with the highest or lowest values of a field, a path like `results.snr`. Those where it is missing
   * or not a number are left out. They are handed on when all have arrived.
   */
  top(pipeline: string, field: string, options: TopOptions = {}): ResultStream {
    const { query = {}, projection = {}, limit = DEFAULT_TOP, ascending = false } = options;
    const request = create(pb.TopRequestSchema, {
      ...{ pipeline, field, limit, ascending },
      query: documentOf("query", query),
      projection: documentOf("projection", projection),
    });
    return read(this.service, methods.top, [request], this.#codec, options);
  }

  /**
   * Watch results: an endless iterator over changes. When this resolves, the service watches, and every change from
   * then on comes, also through restarts of the service. A change may come twice.
   */
  async watch(options: WatchOptions = {}): Promise<Watch> {
    const { pipelines = [], query = {}, projection = {}, snapshot = false, resumeToken } = options;
    const request = create(pb.WatchRequestSchema, {
      pipelines: listOf("pipelines", pipelines),
      query: documentOf("query", query),
      projection: documentOf("projection", projection),
      snapshot,
      resumeToken: resumeToken ?? new Uint8Array(),
    });
    return Watch.begin(this.service, request, this.#codec, options);
  }

  /** Count the results of a pipeline that match a query. */
  async count(pipeline: string, options: QueryOptions = {}): Promise<bigint> {
    const request = create(pb.CountRequestSchema, { pipeline, query: documentOf("query", options.query ?? {}) });
    return (await this.service.unary(methods.count, request, options)).count;
  }

  /** Count the results of a pipeline by the values of a field, a path like `results.class`. */
  async countBy(pipeline: string, field: string, options: QueryOptions = {}): Promise<ValueCounts> {
    const query = documentOf("query", options.query ?? {});
    const request = create(pb.CountByRequestSchema, { pipeline, field, query });
    return countsOf(await this.service.unary(methods.countBy, request, options), this.#codec);
  }

  /** Count the results of every pipeline that has some, by its name. */
  async status(options: CallOptions = {}): Promise<Map<string, bigint>> {
    const { counts } = await this.service.unary(methods.status, create(pb.StatusRequestSchema), options);
    return new Map(Object.entries(counts));
  }

  /** Return the versions and limits of the server. */
  async info(options: CallOptions = {}): Promise<Info> {
    return infoOf(await this.service.unary(methods.info, create(pb.InfoRequestSchema), options));
  }

  /** Count all locked results of a pipeline. */
  async getLockedCount(pipeline: string, options: CallOptions = {}): Promise<bigint> {
    const request = create(pb.GetLockedCountRequestSchema, { pipeline });
    return (await this.service.unary(methods.getLockedCount, request, options)).count;
  }

  /**
   * Return all changes of a result, the newest first: who updated, deleted, locked or unlocked it, when and why.
   *
   * @param id - The id of the result; without it, the changes of the pipeline itself.
   */
  async history(pipeline: string, id = "", options: CallOptions = {}): Promise<HistoryEntry[]> {
    const deadline = this.service.deadline(options.timeoutMs ?? this.service.timeoutMs);
    const entries: HistoryEntry[] = [];
    let pageToken = "";
    do {
      const request = create(pb.HistoryRequestSchema, { pipeline, id, pageToken });
      const page = await this.service.unary(methods.history, request, options, deadline);
      entries.push(...page.entries.map(entryOf));
      pageToken = page.nextPageToken;
    } while (pageToken);
    return entries;
  }

  /**
   * Set the given top-level fields of the results that the works name by `pipeline` and `id`: all or none. Results that
   * are locked or do not exist are refused, which is no error.
   */
  async update(works: readonly Work[], options: ChangeOptions = {}): Promise<ChangeOutcome> {
    const request = create(pb.UpdateRequestSchema, { works: { bson: encodeAll(works) }, ...originOf(options) });
    return outcomeOf((await this.service.unary(methods.update, request, options)).outcome);
  }

  /** Delete results: all or none. Those that are locked or do not exist are refused, which is no error. */
  async deleteIds(pipeline: string, ids: Iterable<string>, options: ChangeOptions = {}): Promise<ChangeOutcome> {
    const request = create(pb.DeleteIdsRequestSchema, { pipeline, ids: listOf("ids", ids), ...originOf(options) });
    return outcomeOf((await this.service.unary(methods.deleteIds, request, options)).outcome);
  }

  /** Lock results, so that they can be neither updated nor deleted: all or none. */
  async lock(pipeline: string, ids: Iterable<string>, options: ChangeOptions = {}): Promise<ChangeOutcome> {
    const request = create(pb.LockRequestSchema, { pipeline, ids: listOf("ids", ids), ...originOf(options) });
    return outcomeOf((await this.service.unary(methods.lock, request, options)).outcome);
  }

  /** Unlock results: all or none. Without `force`, it only counts how many of them are locked. */
  async unlock(pipeline: string, ids: Iterable<string>, options: UnlockOptions = {}): Promise<UnlockOutcome> {
    const { force = false } = options;
    const request = create(pb.UnlockRequestSchema, { pipeline, ids: listOf("ids", ids), force, ...originOf(options) });
    const { outcome, lockedCount } = await this.service.unary(methods.unlock, request, options);
    return { ...outcomeOf(outcome), lockedCount };
  }

  /** List the indexes on fields of a pipeline. For admins. */
  async listIndexes(pipeline: string, options: CallOptions = {}): Promise<FieldIndex[]> {
    const request = create(pb.ListIndexesRequestSchema, { pipeline });
    return (await this.service.unary(methods.listIndexes, request, options)).indexes.map(indexOf);
  }

  /** Build an index on a field, unless there is one. If its `ready` is false, repeat the call to wait. For admins. */
  async createIndex(pipeline: string, field: string, options: CallOptions = {}): Promise<FieldIndex> {
    const request = create(pb.CreateIndexRequestSchema, { pipeline, field });
    return indexOf((await this.service.unary(methods.createIndex, request, options)).index);
  }

  /** Drop the index on a field, and return whether there was one. For admins. */
  async dropIndex(pipeline: string, field: string, options: CallOptions = {}): Promise<boolean> {
    const request = create(pb.DropIndexRequestSchema, { pipeline, field });
    return (await this.service.unary(methods.dropIndex, request, options)).dropped;
  }

  /** Drop a pipeline that has no results left, and return whether there was one. For admins. */
  async dropPipeline(pipeline: string, options: DropOptions = {}): Promise<boolean> {
    const request = create(pb.DropPipelineRequestSchema, { pipeline, reason: options.reason ?? "" });
    return (await this.service.unary(methods.dropPipeline, request, options)).dropped;
  }
}

function originOf({ reason = "", requestId = "" }: ChangeOptions): { reason: string; requestId: string } {
  return { reason, requestId };
}
