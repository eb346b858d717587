import { MongoClient } from "mongodb";

import type { Command } from "../testee/calls.js";
import { works } from "../testee/streams.js";
import type { Fields } from "../testee/values.js";

const BATCH = 1_000;

async function timed(command: Command, work: (client: MongoClient) => Promise<Fields>): Promise<Fields> {
  const client = await MongoClient.connect(command.uri, { useBigInt64: true });
  try {
    const began = performance.now();
    return { ...(await work(client)), seconds: (performance.now() - began) / 1000 };
  } finally {
    await client.close();
  }
}

/** Insert the works of `send_many`. */
export function driverInsert(command: Command): Promise<Fields> {
  return timed(command, async (client) => {
    const documents = [...works(command)].map((work) => ({ _id: work["id"] as string, ...work }));
    const collection = client.db(command.database).collection<{ _id: string }>(command.pipeline);
    const options = { ordered: false, writeConcern: { w: "majority", j: true } } as const;
    for (let start = 0; start < documents.length; start += BATCH) {
      await collection.insertMany(documents.slice(start, start + BATCH), options);
    }
    return {};
  });
}

/** Read all documents of a collection, the highest ids first. */
export function driverFind(command: Command): Promise<Fields> {
  return timed(command, async (client) => {
    let count = 0;
    const cursor = client.db(command.database).collection(command.pipeline).find({}).sort({ _id: -1 });
    for await (const _ of cursor) {
      count++;
    }
    return { count };
  });
}
