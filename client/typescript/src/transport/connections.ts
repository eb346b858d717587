import type { Credentials } from "./credentials.js";
import { Connection } from "./connection.js";

/** How many calls go over a connection: servers take 100 at a time, and count them a little longer than clients. */
const MOST_CALLS = 90;

/** The connections for one kind of calls: as many as those need that are under way. */
export class Connections {
  readonly #all: Connection[] = [];
  readonly #target: string;
  readonly #credentials: Credentials;

  constructor(target: string, credentials: Credentials) {
    this.#target = target;
    this.#credentials = credentials;
  }

  /** Find a connection with room for a call; `release` makes room again. */
  take(): Connection {
    let connection = this.#all.find(({ calls }) => calls < MOST_CALLS);
    if (!connection) {
      connection = new Connection(this.#target, this.#credentials, this.#all.length > 0);
      this.#all.push(connection);
    }
    connection.calls++;
    return connection;
  }

  /** Note that a call is over. */
  release(connection: Connection): void {
    connection.calls--;
  }

  /** Close them. */
  close(): void {
    for (const { client } of this.#all) {
      client.close();
    }
  }
}
