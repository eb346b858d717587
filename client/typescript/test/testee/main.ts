/** The program that stands for this client in tests/clients, whose README describes what it understands. */
import { Results } from "../../src/index.js";
import { CALLS, type Command, LOCAL } from "./calls.js";
import { type Commands, serve } from "./serve.js";
import { rpc } from "./stub.js";
import { Streams } from "./streams.js";
import type { Fields } from "./values.js";

const clients = new Map<string, Results>();
const streams = new Streams();

function connect(command: Command): Fields {
  const { client, target, token, tls, ca_file: caFile, cert_file: certFile, key_file: keyFile, timeout } = command;
  const timeoutMs = timeout === undefined ? undefined : timeout * 1000;
  clients.set(client, new Results({ target, token, tls, caFile, certFile, keyFile, timeoutMs, exact: true }));
  return {};
}

function named({ client }: Command): Results {
  const found = clients.get(client);
  if (!found) {
    throw new Error(`no client has this name: ${client}`);
  }
  return found;
}

function close(command: Command): Fields {
  named(command).close();
  clients.delete(command.client);
  return {};
}

const COMMANDS: Commands = {
  ...LOCAL,
  ...Object.fromEntries(
    Object.entries(CALLS).map(([name, call]) => [name, (command) => call(named(command), command)]),
  ),
  connect,
  close,
  rpc: (command) => rpc(named(command), command),
  open: (command) => streams.open(named(command), command),
  depositor: (command) => streams.depositor(named(command), command),
  next: (command) => streams.next(command),
  token: (command) => streams.token(command),
  drain: (command) => streams.drain(command),
  send: (command) => streams.send(command),
  send_many: (command) => streams.sendMany(command),
  tell: (command) => streams.tell(command),
  shut: (command) => streams.shut(command),
};

await serve(COMMANDS);
for (const client of clients.values()) {
  client.close();
}
