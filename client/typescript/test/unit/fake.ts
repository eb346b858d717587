import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";

import { ResultsService } from "../../src/gen/workflow_results/v1/results_pb.js";
import { asIs } from "../../src/transport/messages.js";

/** A message as it is sent. */
export function bytes<Desc extends DescMessage>(schema: Desc, fields: MessageInitShape<Desc>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, fields)));
}

/** One call, as the stream of its messages in bytes. */
export type FakeCall = ServerDuplexStream<Buffer, Buffer>;

/** A service on a port of its own, which answers calls as a test says. */
export class FakeService {
  /** How many calls have come. */
  calls = 0;
  readonly #server = new Server();

  private constructor(answers: Readonly<Record<string, (call: FakeCall) => void>>) {
    const methods = Object.keys(answers).map((name) => {
      const path = `/${ResultsService.typeName}/${name}`;
      const types = { requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs };
      return [name, { path, requestStream: true, responseStream: true, ...types, responseDeserialize: asIs }] as const;
    });
    const handlers = Object.entries(answers).map(([name, answer]) => {
      const handler = (call: FakeCall): void => {
        this.calls++;
        answer(call);
      };
      return [name, handler] as const;
    });
    this.#server.addService(Object.fromEntries(methods), Object.fromEntries(handlers));
  }

  /** Run a test against a service, whose target it gets. */
  static async run(
    answers: Readonly<Record<string, (call: FakeCall) => void>>,
    test: (target: string, fake: FakeService) => Promise<void>,
  ): Promise<void> {
    const fake = new FakeService(answers);
    const port = await new Promise<number>((resolve, reject) => {
      fake.#server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
        if (error) {
          reject(error);
        } else {
          resolve(bound);
        }
      });
    });
    try {
      await test(`127.0.0.1:${port}`, fake);
    } finally {
      fake.#server.forceShutdown();
    }
  }
}
