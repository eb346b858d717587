import assert from "node:assert/strict";
import { test } from "node:test";

import { ResultsError } from "../../src/errors.js";
import { isLoopback, resolveTarget, resolveTimeout, resolveToken } from "../../src/settings.js";
import { resolveCredentials } from "../../src/transport/credentials.js";

function refused(call: () => unknown, message: RegExp): void {
  assert.throws(
    call,
    (error) => error instanceof ResultsError && error.kind === "invalid_request" && message.test(error.message),
  );
}

test("a target comes from the argument, the environment, or is the default", () => {
  const environment = { WORKFLOW_RESULTS_TARGET: "results.example:1" };
  assert.equal(resolveTarget("[::1]:50051", environment), "[::1]:50051");
  assert.equal(resolveTarget(undefined, environment), "results.example:1");
  assert.equal(resolveTarget(undefined, {}), "localhost:50051");
  for (const target of ["dns:///results.example:50051", "unix:/run/results", "ipv4:127.0.0.1:1,127.0.0.1:2"]) {
    assert.equal(resolveTarget(target, {}), target);
  }
});

test("targets that can't be used are refused", () => {
  refused(() => resolveTarget("http://localhost:50051", {}), /without 'http:\/\/'/);
  for (const target of ["", "localhost", "localhost:0", "localhost:65536", "a b:1", "::1:50051"]) {
    refused(() => resolveTarget(target, {}), /^target must be 'host:port'/);
  }
  refused(() => resolveTarget(undefined, { WORKFLOW_RESULTS_TARGET: "x" }), /^WORKFLOW_RESULTS_TARGET/);
});

test("loopback targets are told apart", () => {
  for (const target of ["localhost:1", "127.1.2.3:1", "[::1]:1", "unix:/run/results", "dns:///localhost:1"]) {
    assert.ok(isLoopback(target), target);
  }
  for (const target of ["results.example:1", "127.example:1", "dns:///10.0.0.1:1", "ipv4:127.0.0.1:1,10.0.0.1:1"]) {
    assert.ok(!isLoopback(target), target);
  }
});

test("a token comes from the argument, or from one of two variables", () => {
  const environment = { WORKFLOW_RESULTS_TOKEN: "a", WORKFLOW_TOKEN: "b" };
  assert.deepEqual(resolveToken("", environment), { token: "", source: "token" });
  assert.deepEqual(resolveToken(undefined, environment), { token: "a", source: "WORKFLOW_RESULTS_TOKEN" });
  assert.deepEqual(resolveToken(undefined, { WORKFLOW_TOKEN: "b" }), { token: "b", source: "WORKFLOW_TOKEN" });
  assert.equal(resolveToken(undefined, {}).token, "");
  refused(() => resolveToken("two words", {}), /^token must be/);
  refused(() => resolveToken(null as unknown as string, environment), /^token must be/);
  refused(() => resolveToken(undefined, { WORKFLOW_TOKEN: "ä" }), /^WORKFLOW_TOKEN must be/);
});

test("a timeout is in milliseconds, and in seconds in the environment", () => {
  assert.equal(resolveTimeout(1500, {}), 1500);
  assert.equal(resolveTimeout(undefined, { WORKFLOW_RESULTS_TIMEOUT: "1.5" }), 1500);
  assert.equal(resolveTimeout(undefined, {}), undefined);
  refused(() => resolveTimeout(0, {}), /^timeoutMs/);
  refused(() => resolveTimeout(undefined, { WORKFLOW_RESULTS_TIMEOUT: "soon" }), /^WORKFLOW_RESULTS_TIMEOUT/);
});

test("a token is sent in plain text within this machine, or where that is wanted", () => {
  const token = { token: "secret", source: "token" };
  assert.ok(!resolveCredentials("localhost:1", token, {}, {}).secure);
  assert.ok(resolveCredentials("results.example:1", token, { tls: true }, {}).secure);
  assert.ok(!resolveCredentials("results.example:1", token, { tls: false }, { WORKFLOW_RESULTS_CA_FILE: "/x" }).secure);
  refused(() => resolveCredentials("results.example:1", token, {}, {}), /plain text/);
});

test("files of TLS belong together, and must be there", () => {
  const none = { token: "", source: "token" };
  refused(() => resolveCredentials("a:1", none, { certFile: "/x" }, {}), /certFile and keyFile belong together/);
  refused(() => resolveCredentials("a:1", none, { tls: false, caFile: "/x" }, {}), /caFile can't be used with tls/);
  refused(() => resolveCredentials("a:1", none, { caFile: "/nowhere/ca.pem" }, {}), /caFile .*\/nowhere\/ca.pem/);
  refused(() => resolveCredentials("a:1", none, {}, { WORKFLOW_RESULTS_CA_FILE: "/x" }), /^WORKFLOW_RESULTS_CA_FILE/);
  const here = new URL(import.meta.url).pathname;
  refused(() => resolveCredentials("a:1", none, { caFile: here }, {}), /can't be used as PEM/);
});
