package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** One call, whose responses are waited for. They are asked for as they are read, two ahead. */
final class RpcStream<Q, R> implements AutoCloseable {
  private static final int AHEAD = 2;

  /** How long to wait before looking at the clock. */
  private static final long TICK = TimeUnit.SECONDS.toNanos(1);

  /** How long to wait for a connection before gRPC is told to try again, which on its own it does ever more seldom. */
  private static final long NUDGE = TimeUnit.SECONDS.toNanos(2);

  private final Calls calls;
  private final Connections.Place place;
  private final MethodDescriptor<Q, R> method;
  private final TimeLimit limit;
  private final TimeLimit connect;
  private final SentMark mark = new SentMark();
  private final LinkedBlockingQueue<Event<R>> events = new LinkedBlockingQueue<>();
  private final ClientCall<Q, R> call;
  private long nudged = System.nanoTime();
  private boolean ended;

  /**
   * Begins a call.
   *
   * @param limit when it must have ended
   * @param connect when the service must be reached
   * @param arrived called in a thread of gRPC whenever something has arrived
   */
  RpcStream(
      Calls calls,
      Connections.Place place,
      MethodDescriptor<Q, R> method,
      TimeLimit limit,
      TimeLimit connect,
      Runnable arrived) {
    this.calls = calls;
    this.place = place;
    this.method = method;
    this.limit = limit;
    this.connect = connect;
    CallOptions options = CallOptions.DEFAULT.withWaitForReady().withStreamTracerFactory(mark);
    call =
        place
            .channel()
            .newCall(
                method,
                limit.whole() == null ? options : options.withDeadlineAfter(limit.left(), TimeUnit.NANOSECONDS));
    call.start(
        new ClientCall.Listener<R>() {
          @Override
          public void onMessage(R message) {
            events.add(new Event<>(message, null, null));
            arrived.run();
          }

          @Override
          public void onClose(Status status, Metadata trailers) {
            events.add(new Event<>(null, status, trailers));
            arrived.run();
          }
        },
        calls.metadata());
    call.request(AHEAD);
  }

  /** A response, or else the end of the call. */
  private record Event<R>(R message, Status status, Metadata trailers) {}

  /** Notes whether a call was sent: until there is a connection, nothing is. */
  private static final class SentMark extends ClientStreamTracer.Factory {
    volatile boolean sent;

    @Override
    public ClientStreamTracer newClientStreamTracer(ClientStreamTracer.StreamInfo info, Metadata headers) {
      return new ClientStreamTracer() {
        @Override
        public void outboundHeaders() {
          sent = true;
        }
      };
    }
  }

  void send(Q request) {
    call.sendMessage(request);
  }

  void halfClose() {
    call.halfClose();
  }

  boolean isSent() {
    return mark.sent;
  }

  /**
   * Waits for the answer of a call that has one, and ends it.
   *
   * @throws CallFailedException it failed
   */
  R answer() throws CallFailedException {
    try (this) {
      R answer = next(null);
      if (answer == null || next(null) != null) {
        throw new CallFailedException(
            Failure.other(attempt().method() + " at " + calls.target() + " does not have one answer")
                .withOutcomeUnknown(attempt().mayHaveChanged()));
      }
      return answer;
    }
  }

  /**
   * Waits for the next response.
   *
   * @param silence how long to wait at most, or null for no limit
   * @return the response, or null at the end of a call that has succeeded
   * @throws CallFailedException the call failed, or nothing has come
   */
  R next(Duration silence) throws CallFailedException {
    TimeLimit patience = TimeLimit.after(silence);
    try {
      while (true) {
        long wait = Math.max(0, Math.min(patience.left(), TICK));
        Event<R> event = events.poll(wait, TimeUnit.NANOSECONDS);
        if (event != null) {
          return taken(event);
        }
        nudge();
        if (!isSent() && connect.left() <= 0) {
          throw failed(calls.outOfReach(place, connect.whole()));
        }
        if (patience.left() <= 0) {
          throw failed(
              Failure.unavailable(
                  attempt().method() + " at " + calls.target() + ": no data for " + RpcFailures.seconds(silence)));
        }
      }
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw failed(
          Failure.cancelled(attempt().method() + " at " + calls.target() + " was interrupted")
              .withOutcomeUnknown(attempt().mayHaveChanged()));
    }
  }

  /** Takes the next response if it has arrived, as {@link #next} does; null otherwise, and at the end. */
  R poll() throws CallFailedException {
    Event<R> event = events.poll();
    return event == null ? null : taken(event);
  }

  /** Whether the end of the call was taken. */
  boolean hasEnded() {
    return ended;
  }

  /** Has gRPC look for the service again if there is still no connection; for those who wait without {@link #next}. */
  void nudge() {
    if (!isSent() && System.nanoTime() - nudged >= NUDGE) {
      nudged = System.nanoTime();
      place.channel().resetConnectBackoff();
    }
  }

  /** What became of the call if it is given up after some time. */
  Failure silent(Duration time) {
    if (!isSent()) {
      return calls.outOfReach(place, time);
    }
    String what = attempt().method() + " at " + calls.target();
    return Failure.local(
            Kind.DEADLINE_EXCEEDED,
            Status.Code.DEADLINE_EXCEEDED,
            what + ": no acknowledgement for " + RpcFailures.seconds(time))
        .withOutcomeUnknown(attempt().mayHaveChanged());
  }

  /** Ends the call, which is cancelled if it is still under way; from any thread, and twice is fine. */
  @Override
  public void close() {
    call.cancel("nobody waits for it any more", null);
    place.close();
  }

  private R taken(Event<R> event) throws CallFailedException {
    if (event.message() != null) {
      call.request(1);
      return event.message();
    }
    ended = true;
    place.close();
    if (event.status().isOk()) {
      return null;
    }
    throw new CallFailedException(explained(event));
  }

  private CallFailedException failed(Failure failure) {
    close();
    return new CallFailedException(failure);
  }

  private Failure explained(Event<R> end) {
    Failure failure = RpcFailures.of(end.status(), end.trailers(), attempt());
    if (calls.isClosed()) {
      return Failure.cancelled("this client is closed").withOutcomeUnknown(failure.outcomeUnknown());
    }
    if (Context.current().isCancelled() && end.status().getCode() == Status.Code.CANCELLED) {
      return Failure.cancelled(attempt().method() + " at " + calls.target() + " was cancelled by its context")
          .withOutcomeUnknown(failure.outcomeUnknown());
    }
    if (failure.kind() == Kind.DEADLINE_EXCEEDED && limit.left() > 0 && isPastContext()) {
      return failure.withMessage(attempt().method() + " at " + calls.target() + " was ended by the deadline of its context");
    }
    if (failure.kind() == Kind.DEADLINE_EXCEEDED && !isSent()) {
      return calls.outOfReach(place, limit.whole());
    }
    return failure;
  }

  private static boolean isPastContext() {
    Deadline deadline = Context.current().getDeadline();
    return deadline != null && deadline.isExpired();
  }

  private RpcFailures.Attempt attempt() {
    return new RpcFailures.Attempt(method.getBareMethodName(), calls.target(), limit.whole(), isSent());
  }
}
