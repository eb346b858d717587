import type { DescMessage, DescMethodServerStreaming, MessageShape } from "@bufbuild/protobuf";

import { Reading, type ReadResponse } from "../calls/reading.js";
import { Deadline } from "../deadline.js";
import type { Codec } from "../documents/codec.js";
import { asResultsError, cancelled } from "../errors.js";
import type { Result } from "../outcomes.js";
import { pause } from "../transport/pause.js";
import type { CallOptions, Place, Service } from "../transport/service.js";

/** How much longer a server may be silent than a read may be without progress: it says itself when it is late. */
const SILENCE = 1.1;

/**
 * Read streams to their end one after another, nothing missing and nothing twice, through restarts of the service.
 * Nothing is sent before the first result is asked for.
 *
 * @param requests - What to read.
 */
export async function* read<I extends DescMessage, O extends DescMessage>(
  service: Service,
  method: DescMethodServerStreaming<I, O>,
  requests: Iterable<MessageShape<I>>,
  codec: Codec,
  options: CallOptions,
): AsyncGenerator<Result, void, undefined> {
  const deadline = service.deadline(options.timeoutMs);
  const place = service.place(options.signal);
  const { signal } = place.cancellation;
  try {
    for (const request of requests) {
      for await (const documents of batches(service, place, method, request, deadline)) {
        for (const document of documents) {
          if (signal.aborted) {
            throw cancelled(method.name, signal.reason);
          }
          yield codec.decode(document);
        }
      }
    }
  } finally {
    place.release();
  }
}

async function* batches<I extends DescMessage, O extends DescMessage>(
  service: Service,
  place: Place,
  method: DescMethodServerStreaming<I, O>,
  request: MessageShape<I>,
  deadline: Deadline,
): AsyncGenerator<Uint8Array[], void, undefined> {
  const reading = new Reading(method.name, service.target, request);
  const silenceMs = SILENCE * service.patienceMs;
  let progress = Deadline.after(service.patienceMs);
  for (;;) {
    reading.begin();
    try {
      const connect = deadline.or(progress);
      for await (const response of service.stream(place, method, request, { deadline, connect, silenceMs })) {
        const documents = reading.take(response as ReadResponse);
        if (documents.length > 0) {
          yield documents;
        }
        progress = Deadline.after(service.patienceMs);
      }
      reading.end();
      return;
    } catch (error) {
      if (reading.complete) {
        return;
      }
      await pause(reading.pauseAfter(asResultsError(error), deadline.or(progress).left), place.cancellation.signal);
    }
  }
}
