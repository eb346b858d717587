import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

import { type ChannelCredentials, credentials as grpcCredentials } from "@grpc/grpc-js";

import { invalid } from "../errors.js";
import { type Environment, type FoundToken, isLoopback, shown } from "../settings.js";

/** The files of TLS as a caller gives them, and whether there is TLS. */
export interface TlsOptions {
  tls?: boolean | undefined;
  caFile?: string | undefined;
  certFile?: string | undefined;
  keyFile?: string | undefined;
}

/** What a client shows to the service, and wants to see of it. */
export interface Credentials {
  readonly token: string;
  readonly secure: boolean;
  readonly channel: ChannelCredentials;
}

interface TlsFile {
  readonly name: string;
  readonly path: string | undefined;
}

const VARIABLES = {
  caFile: "WORKFLOW_RESULTS_CA_FILE",
  certFile: "WORKFLOW_RESULTS_CERT_FILE",
  keyFile: "WORKFLOW_RESULTS_KEY_FILE",
} as const;

/**
 * Find the credentials of a client in its arguments and the environment, in this order.
 *
 * @throws ResultsError if a file can't be used, arguments exclude each other, or the token would be sent in plain text
 * to another machine.
 */
export function resolveCredentials(
  target: string,
  { token, source }: FoundToken,
  options: TlsOptions,
  environment: Environment,
): Credentials {
  if (options.tls !== undefined && typeof options.tls !== "boolean") {
    throw invalid(`tls must be true, false or undefined, not ${shown(options.tls)}`);
  }
  if (options.tls === false) {
    const given = (Object.keys(VARIABLES) as (keyof typeof VARIABLES)[]).find((name) => options[name] !== undefined);
    if (given) {
      throw invalid(`${given} can't be used with tls: false; omit one of them`);
    }
    return { token, secure: false, channel: grpcCredentials.createInsecure() };
  }
  const [ca, cert, key] = (["caFile", "certFile", "keyFile"] as const).map((name) =>
    tlsFile(name, options[name], environment),
  ) as [TlsFile, TlsFile, TlsFile];
  const secure = options.tls === true || [ca, cert, key].some(({ path }) => path !== undefined);
  if (token && !secure && !isLoopback(target)) {
    throw invalid(
      `the token of ${source} would be sent to ${target} in plain text, which others on the network can read: set` +
        " caFile (or WORKFLOW_RESULTS_CA_FILE) to the authority of the server's certificate, or tls: true if that is" +
        ' a well-known one; token: "" sends no token, tls: false sends it anyway',
    );
  }
  if ((cert.path === undefined) !== (key.path === undefined)) {
    throw invalid(`${cert.name} and ${key.name} belong together: give both or neither`);
  }
  return { token, secure, channel: secure ? tlsChannel(ca, cert, key) : grpcCredentials.createInsecure() };
}

function tlsFile(name: keyof typeof VARIABLES, given: unknown, environment: Environment): TlsFile {
  if (given === undefined) {
    const path = environment[VARIABLES[name]];
    return path ? { name: VARIABLES[name], path } : { name, path: undefined };
  }
  if (typeof given !== "string" || !given) {
    throw invalid(`${name} must be the path of a file, not ${shown(given)}`);
  }
  return { name, path: given };
}

function tlsChannel(ca: TlsFile, cert: TlsFile, key: TlsFile): ChannelCredentials {
  const authorities = read(ca, (pem) => {
    new X509Certificate(pem);
  });
  const certificate = read(cert, (pem) => {
    new X509Certificate(pem);
  });
  const privateKey = read(key, (pem) => {
    if (certificate && !new X509Certificate(certificate).checkPrivateKey(createPrivateKey(pem))) {
      throw new Error(`it is not the key of ${String(cert.path)}`);
    }
  });
  return grpcCredentials.createSsl(authorities, privateKey, certificate);
}

function read({ name, path }: TlsFile, check: (pem: Buffer) => void): Buffer | null {
  if (path === undefined) {
    return null;
  }
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw invalid(`${name} can't be read: ${path}: ${(error as Error).message}`, error);
  }
  try {
    check(content);
  } catch (error) {
    throw invalid(`${name} can't be used as PEM, without a password: ${path}: ${(error as Error).message}`, error);
  }
  return content;
}
