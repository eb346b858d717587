import { inspect } from "node:util";

import { invalid } from "./errors.js";

/** Where the service is looked for if nothing else is said. */
export const DEFAULT_TARGET = "localhost:50051";

/** The time for a call that answers once, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 15_000;

/** Variables of the environment by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TOKENS = ["WORKFLOW_RESULTS_TOKEN", "WORKFLOW_TOKEN"];
const LONGEST_TIMEOUT_MS = 366 * 86_400_000;
const RESOLVER = /^(dns|ipv4|ipv6):(\/\/[^/]*\/)?/;
const ADDRESS = /^(?:\[[^,[\]\s]+\]|[^,:/[\]\s]+):([1-9][0-9]{0,4})$/;
const VISIBLE = /^[!-~]*$/;
const DECIMAL = /^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i;
const PORT_MOST = 65_535;

/** The target of the service: the argument, that of the environment, or the default. */
export function resolveTarget(argument: string | undefined, environment: Environment): string {
  if (argument !== undefined) {
    return checkedTarget("target", argument);
  }
  const given = environment["WORKFLOW_RESULTS_TARGET"];
  return given ? checkedTarget("WORKFLOW_RESULTS_TARGET", given) : DEFAULT_TARGET;
}

function checkedTarget(name: string, target: unknown): string {
  if (typeof target !== "string") {
    throw invalid(`${name} must be a string like 'host:port', not ${shown(target)}`);
  }
  const scheme = /^(https?|grpcs?):\/\//i.exec(target);
  if (scheme) {
    throw invalid(`${name} must be 'host:port', without '${scheme[0]}': ${shown(target)}`);
  }
  if (/^unix:./.test(target)) {
    return target;
  }
  const rest = target.replace(RESOLVER, "");
  const addresses = /^ipv[46]:/.test(target) ? rest.split(",") : [rest];
  if (!addresses.every((each) => Number(ADDRESS.exec(each)?.[1] ?? PORT_MOST + 1) <= PORT_MOST)) {
    throw invalid(`${name} must be 'host:port', like 'localhost:50051' or '[::1]:50051', not ${shown(target)}`);
  }
  return target;
}

/** Whether all addresses of a target are on this machine. */
export function isLoopback(target: string): boolean {
  if (target.startsWith("unix:")) {
    return true;
  }
  const hosts = target.replace(RESOLVER, "").split(",");
  return hosts.every((each) => {
    const host = each.slice(0, each.lastIndexOf(":")).replace(/^\[|\]$/g, "");
    return host === "localhost" || host === "::1" || /^127(\.[0-9]{1,3}){3}$/.test(host);
  });
}

/** A token, and where it comes from. */
export interface FoundToken {
  readonly token: string;
  readonly source: string;
}

/** The access token: the argument, or that of the environment; empty for none. */
export function resolveToken(argument: string | undefined, environment: Environment): FoundToken {
  if (argument !== undefined) {
    return checkedToken("token", argument);
  }
  const variable = TOKENS.find((name) => environment[name]);
  return variable ? checkedToken(variable, environment[variable]) : { token: "", source: "token" };
}

function checkedToken(source: string, token: unknown): FoundToken {
  if (typeof token !== "string" || !VISIBLE.test(token)) {
    throw invalid(`${source} must be a string of visible ASCII characters, without spaces`);
  }
  return { token, source };
}

/** The time that the caller chose for calls, in milliseconds; undefined for the defaults. */
export function resolveTimeout(argument: number | undefined, environment: Environment): number | undefined {
  if (argument !== undefined) {
    return checkedTimeout(argument);
  }
  const text = environment["WORKFLOW_RESULTS_TIMEOUT"];
  if (!text) {
    return undefined;
  }
  const seconds = DECIMAL.test(text) ? Number(text) : NaN;
  if (!(seconds > 0 && seconds < Infinity)) {
    throw invalid(`WORKFLOW_RESULTS_TIMEOUT must be a positive number of seconds, not ${shown(text)}`);
  }
  return Math.min(seconds * 1000, LONGEST_TIMEOUT_MS);
}

/** Check a time in milliseconds. */
export function checkedTimeout(timeoutMs: number): number {
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0 && timeoutMs < Infinity)) {
    throw invalid(`timeoutMs must be a positive number of milliseconds, not ${shown(timeoutMs)}`);
  }
  return Math.min(timeoutMs, LONGEST_TIMEOUT_MS);
}

/** A value for a message, cut where it is long. */
export function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxStringLength: 60 });
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
