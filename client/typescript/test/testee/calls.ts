import { readFileSync } from "node:fs";

import type { CallOptions, ChangeOptions, ChangeOutcome, Results, ResultStream } from "../../src/index.js";
import { decode, encode, type Fields, given, receipts, snake } from "./values.js";

/** A command with the types that its fields have, if it has them. */
export interface Command {
  readonly n: number;
  readonly do: string;
  readonly client: string;
  readonly stream: string;
  readonly what: string;
  readonly timeout?: number;
  readonly works: string[];
  readonly pipeline: string;
  readonly pipelines?: string[];
  readonly ids: string[];
  readonly id?: string;
  readonly field: string;
  readonly query?: string;
  readonly projection?: string;
  readonly skip?: number;
  readonly limit?: number;
  readonly count?: number;
  readonly ascending?: boolean;
  readonly event_number: string;
  readonly reason?: string;
  readonly request_id?: string;
  readonly force?: boolean;
  readonly snapshot?: boolean;
  readonly resume_token?: string;
  readonly document: string;
  readonly method: string;
  readonly request: string;
  readonly requests?: string[];
  readonly take?: number;
  readonly from: number;
  readonly to: number;
  readonly padding: number;
  readonly uri: string;
  readonly database: string;
  readonly target?: string;
  readonly token?: string;
  readonly tls?: boolean;
  readonly ca_file?: string;
  readonly cert_file?: string;
  readonly key_file?: string;
}

const UNLIMITED = 0;

/** The options of every call. */
export function optionsOf({ timeout }: Command): CallOptions {
  return timeout === undefined ? {} : { timeoutMs: timeout * 1000 };
}

/** A query and a projection, as far as they are given. */
export function documentsOf({ query, projection }: Command): { query?: object; projection?: object } {
  return {
    ...(query === undefined ? {} : { query: given(query) }),
    ...(projection === undefined ? {} : { projection: given(projection) }),
  };
}

function changeOf(command: Command): ChangeOptions {
  return { ...optionsOf(command), reason: command.reason, requestId: command.request_id };
}

/** Begin to read. */
export function readOf(results: Results, what: string, command: Command): ResultStream {
  const { pipeline, skip, limit, count = UNLIMITED, ascending } = command;
  const options = { ...optionsOf(command), ...documentsOf(command) };
  switch (what) {
    case "view":
      return results.view(pipeline, { ...options, skip, limit });
    case "get_by_id":
      return results.getById(pipeline, command.ids, options);
    case "get_by_event":
      return results.getByEvent(pipeline, BigInt(command.event_number), options);
    case "get_by_count":
      return results.getByCount(pipeline, { ...options, count });
    case "get_locked":
      return results.getLocked(pipeline, { ...options, skip, count });
    case "top":
      return results.top(pipeline, command.field, { ...options, limit, ascending });
    default:
      throw new Error(`no read: ${what}`);
  }
}

async function resultsOf(results: Results, command: Command): Promise<Fields> {
  const found: string[] = [];
  for await (const result of readOf(results, command.do, command)) {
    found.push(encode(result));
  }
  return { results: found };
}

async function changed(outcome: Promise<ChangeOutcome & { lockedCount?: number }>): Promise<Fields> {
  const { lockedCount, ...others } = await outcome;
  return { outcome: snake(others), ...(lockedCount === undefined ? {} : { locked_count: lockedCount }) };
}

async function countBy(results: Results, command: Command): Promise<Fields> {
  const options = { ...optionsOf(command), ...documentsOf(command) };
  const { counts, ...others } = await results.countBy(command.pipeline, command.field, options);
  const told = counts.map(({ value, count }) => ({ value: encode({ value }), count }));
  return { counts: told, ...(snake(others) as Fields) };
}

type Call = (results: Results, command: Command) => Promise<Fields>;

/** The commands that make one call. */
export const CALLS: Readonly<Record<string, Call>> = {
  view: resultsOf,
  get_by_id: resultsOf,
  get_by_event: resultsOf,
  get_by_count: resultsOf,
  get_locked: resultsOf,
  top: resultsOf,
  count_by: countBy,
  deposit: async (results, command) => receipts(await results.deposit(command.works.map(given), optionsOf(command))),
  update: (results, command) => changed(results.update(command.works.map(given), changeOf(command))),
  delete_ids: (results, command) => changed(results.deleteIds(command.pipeline, command.ids, changeOf(command))),
  lock: (results, command) => changed(results.lock(command.pipeline, command.ids, changeOf(command))),
  unlock: (results, command) =>
    changed(results.unlock(command.pipeline, command.ids, { ...changeOf(command), force: command.force })),
  count: async (results, command) => {
    const options = { ...optionsOf(command), ...documentsOf(command) };
    return { count: await results.count(command.pipeline, options) };
  },
  status: async (results, command) => ({ counts: Object.fromEntries(await results.status(optionsOf(command))) }),
  info: async (results, command) => snake(await results.info(optionsOf(command))) as Fields,
  get_locked_count: async (results, command) => ({
    count: await results.getLockedCount(command.pipeline, optionsOf(command)),
  }),
  history: async (results, command) => ({
    entries: snake(await results.history(command.pipeline, command.id, optionsOf(command))),
  }),
  list_indexes: async (results, command) => ({
    indexes: snake(await results.listIndexes(command.pipeline, optionsOf(command))),
  }),
  create_index: async (results, command) => ({
    index: snake(await results.createIndex(command.pipeline, command.field, optionsOf(command))),
  }),
  drop_index: async (results, command) => ({
    dropped: await results.dropIndex(command.pipeline, command.field, optionsOf(command)),
  }),
  drop_pipeline: async (results, command) => ({
    dropped: await results.dropPipeline(command.pipeline, { ...optionsOf(command), reason: command.reason }),
  }),
};

/** The commands that need no client. */
export const LOCAL: Readonly<Record<string, (command: Command) => Fields>> = {
  echo: ({ document }) => ({ document: encode(decode(document)) }),
  rss: () => {
    const told = readFileSync("/proc/self/status", "utf8");
    const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+([0-9]+)`, "m").exec(told)?.[1]);
    return { peak_kib: kib("VmHWM"), now_kib: kib("VmRSS") };
  },
};
