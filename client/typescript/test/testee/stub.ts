import { status, type ServiceError } from "@grpc/grpc-js";

import { ResultsService } from "../../src/gen/workflow_results/v1/results_pb.js";
import type { Results } from "../../src/index.js";
import { Deadline } from "../../src/deadline.js";
import { fromServiceError } from "../../src/transport/failures.js";
import { asIs } from "../../src/transport/messages.js";
import type { Command } from "./calls.js";
import { type Fields, hex } from "./values.js";

const MOST_MS = 60_000;

/** Call a method over the connection of a client, without its retries: messages are bytes, so that any can be sent. */
export async function rpc({ service }: Results, { method, request, requests, take }: Command): Promise<Fields> {
  const place = service.place(undefined);
  try {
    const deadline = Deadline.after(MOST_MS);
    await place.connection.ready(deadline, place.cancellation.signal);
    const path = `/${ResultsService.typeName}/${method}`;
    const options = { deadline: deadline.epoch };
    const call = place.connection.client.makeBidiStreamRequest(path, asIs, asIs, service.metadata(""), options);
    const responses = await new Promise<string[]>((resolve, reject) => {
      const seen: string[] = [];
      call.on("data", (message: Buffer) => {
        if (take === undefined || seen.length < take) {
          seen.push(hex(message));
        }
        if (seen.length === take) {
          call.cancel();
          resolve(seen);
        }
      });
      call.on("error", (error: ServiceError) => {
        reject(fromServiceError(error, method, service.target, deadline));
      });
      call.on("status", ({ code }: { code: status }) => {
        if (code === status.OK) {
          resolve(seen);
        }
      });
      for (const message of requests ?? [request]) {
        call.write(Buffer.from(message, "hex"));
      }
      call.end();
    });
    return { responses };
  } finally {
    place.release();
  }
}
