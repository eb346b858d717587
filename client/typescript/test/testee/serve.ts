import { stdin, stdout } from "node:process";
import { createInterface } from "node:readline";

import type { Command } from "./calls.js";
import { failure, type Fields, line } from "./values.js";

/** What carries out commands, by their names. */
export type Commands = Readonly<Record<string, (command: Command) => Fields | Promise<Fields>>>;

async function answer(commands: Commands, text: string): Promise<void> {
  const command = JSON.parse(text) as Command;
  let answered: Fields;
  try {
    const carryOut = commands[command.do];
    answered = carryOut ? await carryOut(command) : { unknown: true };
  } catch (error) {
    answered = { error: failure(error) };
  }
  stdout.write(`${line({ n: command.n, ...answered })}\n`);
}

/** Carry out all commands of the standard input, each at once, until it ends. */
export async function serve(commands: Commands): Promise<void> {
  const underWay = new Set<Promise<void>>();
  for await (const text of createInterface({ input: stdin })) {
    const answered = answer(commands, text).finally(() => underWay.delete(answered));
    underWay.add(answered);
  }
  await Promise.all(underWay);
}
