import { createHash } from "node:crypto";

import {
  type Depositor,
  type PendingReceipt,
  type Result,
  Results,
  type ResultStream,
  Watch,
} from "../../src/index.js";
import { type Command, documentsOf, optionsOf, readOf } from "./calls.js";
import { change, encode, type Fields, given, hex, receipts } from "./values.js";

/** A stream, a watch or a depositor under a name, and how much it has told. */
interface Open {
  readonly read?: ResultStream;
  readonly watch?: Watch;
  readonly depositor?: Depositor;
  told: number;
}

/** How many receipts `send_many` asks for one after another. */
const COUNTED_TOGETHER = 100;

/** The works of `send_many`. */
export function* works({ pipeline, from, to, padding }: Command): Generator<Result> {
  const text = "x".repeat(padding);
  for (let number = from; number < to; number++) {
    const id = String(number).padStart(10, "0");
    yield { id, pipeline, status: "success", results: { number: BigInt(number), padding: text } };
  }
}

/** What is open between commands. */
export class Streams {
  readonly #open = new Map<string, Open>();

  #named(name: string): Open {
    const found = this.#open.get(name);
    if (!found) {
      throw new Error(`nothing is open under this name: ${name}`);
    }
    return found;
  }

  #depositor(name: string): Depositor {
    const { depositor } = this.#named(name);
    if (!depositor) {
      throw new Error(`no depositor has this name: ${name}`);
    }
    return depositor;
  }

  async open(results: Results, command: Command): Promise<Fields> {
    if (command.what !== "watch") {
      this.#open.set(command.stream, { read: readOf(results, command.what, command), told: 0 });
      return {};
    }
    const { pipelines, snapshot, resume_token } = command;
    const watch = await results.watch({
      ...optionsOf(command),
      ...documentsOf(command),
      ...{ pipelines, snapshot },
      resumeToken: resume_token === undefined ? undefined : Buffer.from(resume_token, "hex"),
    });
    this.#open.set(command.stream, { watch, told: 0 });
    return {};
  }

  depositor(results: Results, command: Command): Fields {
    this.#open.set(command.stream, { depositor: results.depositor(optionsOf(command)), told: 0 });
    return {};
  }

  async next({ stream, count = 0 }: Command): Promise<Fields> {
    const { read, watch } = this.#named(stream);
    const taken: unknown[] = [];
    while (taken.length < count) {
      const next = await (watch ?? read)?.next();
      if (!next || next.done) {
        return watch ? { changes: taken, end: true } : { results: taken, end: true };
      }
      taken.push(watch ? change(next.value as Parameters<typeof change>[0]) : encode(next.value));
    }
    return watch ? { changes: taken } : { results: taken };
  }

  token({ stream }: Command): Fields {
    return { resume_token: hex(this.#named(stream).watch?.resumeToken ?? new Uint8Array()) };
  }

  async drain({ stream }: Command): Promise<Fields> {
    const open = this.#named(stream);
    const [digest, began] = [createHash("sha256"), performance.now()];
    let [last, ordered] = ["", true];
    for await (const result of open.read ?? []) {
      const id = String(result["id"]);
      digest.update(`${id}\n`);
      ordered &&= open.told === 0 || Buffer.compare(Buffer.from(id), Buffer.from(last)) < 0;
      last = id;
      open.told++;
    }
    const seconds = (performance.now() - began) / 1000;
    return { count: open.told, digest: digest.digest("hex"), ordered, seconds };
  }

  async send({ stream, works }: Command): Promise<Fields> {
    const depositor = this.#depositor(stream);
    const pending: PendingReceipt[] = [];
    for (const work of works) {
      pending.push(await depositor.deposit(given(work)));
    }
    return receipts(await Promise.all(pending.map((each) => each.receipt())));
  }

  async sendMany(command: Command): Promise<Fields> {
    const [open, depositor] = [this.#named(command.stream), this.#depositor(command.stream)];
    const began = performance.now();
    const outcomes: Record<string, number> = {};
    const count = async (some: readonly PendingReceipt[]): Promise<void> => {
      for (const pending of some) {
        const { outcome } = await pending.receipt();
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        open.told++;
      }
    };
    const counting: Promise<void>[] = [];
    let some: PendingReceipt[] = [];
    for (const work of works(command)) {
      some.push(await depositor.deposit(work));
      if (some.length === COUNTED_TOGETHER) {
        counting.push(count(some));
        some = [];
      }
    }
    await Promise.all([...counting, count(some)]);
    return { outcomes, seconds: (performance.now() - began) / 1000 };
  }

  tell({ stream }: Command): Fields {
    return { count: this.#named(stream).told };
  }

  async shut({ stream }: Command): Promise<Fields> {
    const { read, watch, depositor } = this.#named(stream);
    this.#open.delete(stream);
    await read?.return();
    await watch?.close();
    await depositor?.close();
    return {};
  }
}
