package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.Attempts.Decision;
import ca.chimefrb.workflow.results.Attempts.Policy;
import ca.chimefrb.workflow.results.ResultsException.Kind;
import com.google.protobuf.Empty;
import com.google.protobuf.MessageLite;
import io.grpc.CallOptions;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** The calls of a client: those with one answer pass through {@link #unary}, and streams begin with {@link #stream}. */
final class Calls {
  private static final MethodDescriptor<Empty, Empty> HEALTH_CHECK =
      MethodDescriptor.<Empty, Empty>newBuilder()
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("grpc.health.v1.Health/Check")
          .setRequestMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .setResponseMarshaller(ProtoUtils.marshaller(Empty.getDefaultInstance()))
          .build();

  /** Ends what nobody has any more, and nobody has closed. */
  static final Cleaner CLEANER = Cleaner.create();

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** How long to ask why there is no connection, which gRPC knows at once or not at all. */
  private static final Duration GLANCE = Duration.ofMillis(200);

  /** What a health check tells when the service has not answered; all others are answers. */
  private static final Set<Kind> SILENT = EnumSet.of(Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED, Kind.CANCELLED);

  private final Settings settings;
  private final Connections unary;
  private final Connections streams;

  /**
   * Begins.
   *
   * @throws ResultsException the files of certificates can't be used
   */
  Calls(Settings settings) {
    this.settings = settings;
    this.unary = new Connections(settings);
    this.streams = new Connections(settings);
  }

  String target() {
    return settings.target().text();
  }

  boolean isClosed() {
    return unary.isClosed();
  }

  /** Ends all calls and connections. Closing twice is fine. */
  void close() {
    unary.close();
    streams.close();
  }

  /**
   * Makes a call with one answer, again and again where that may help, until its time is over.
   *
   * @param requestId how the caller has named the request; empty if it has no name
   */
  <Q extends MessageLite, R> R unary(
      MethodDescriptor<Q, R> method, Q request, String requestId, TimeLimit limit) throws CallFailedException {
    Policy policy = Policy.of(method.getBareMethodName(), requestId);
    return retrying(
        new Attempts(policy),
        limit,
        () -> {
          if (policy == Policy.ONCE) {
            checkThatItAnswers(limit);
          }
          return begin(method, request, limit).answer();
        });
  }

  /** Does the same where the first attempt has begun already. */
  <Q extends MessageLite, R> R finish(
      RpcStream<Q, R> begun, MethodDescriptor<Q, R> method, Q request, TimeLimit limit) throws CallFailedException {
    Attempts attempts = new Attempts(Policy.of(method.getBareMethodName(), ""));
    try {
      return begun.answer();
    } catch (CallFailedException error) {
      pauseAfter(error.failure(), attempts, limit);
      return retrying(attempts, limit, () -> begin(method, request, limit).answer());
    }
  }

  /** Sends the request of a call with one answer, without waiting for that. */
  <Q extends MessageLite, R> RpcStream<Q, R> begin(MethodDescriptor<Q, R> method, Q request, TimeLimit limit)
      throws CallFailedException {
    return only(new RpcStream<>(this, unary.place(), method, limit, limit, () -> {}), request);
  }

  /**
   * Calls a method that answers with a stream. It is not retried: only the caller knows where to go on.
   *
   * @param limit when the stream must have ended
   * @param connect when the service must be reached
   */
  <Q extends MessageLite, R> RpcStream<Q, R> stream(
      MethodDescriptor<Q, R> method, Q request, TimeLimit limit, TimeLimit connect) throws CallFailedException {
    return only(new RpcStream<>(this, streams.place(), method, limit, connect, () -> {}), request);
  }

  /**
   * Calls a method that answers a stream of requests with a stream.
   *
   * @param arrived called in a thread of gRPC whenever something has arrived
   */
  <Q, R> RpcStream<Q, R> exchange(MethodDescriptor<Q, R> method, Runnable arrived)
      throws CallFailedException {
    return new RpcStream<>(this, streams.place(), method, TimeLimit.NONE, TimeLimit.NONE, arrived);
  }

  private static <Q extends MessageLite, R> RpcStream<Q, R> only(RpcStream<Q, R> stream, Q request)
      throws CallFailedException {
    int size = request.getSerializedSize();
    if (size > Connections.MOST_SENT) {
      stream.close();
      throw new CallFailedException(
          Failure.invalid(
              String.format(
                  "the request has %,d bytes; one call can have at most %,d: make several calls",
                  size, Connections.MOST_SENT)));
    }
    stream.send(request);
    stream.halfClose();
    return stream;
  }

  /** What a call is sent with. */
  Metadata metadata() {
    Metadata metadata = new Metadata();
    if (!settings.token().isEmpty()) {
      metadata.put(AUTHORIZATION, "Bearer " + settings.token());
    }
    return metadata;
  }

  /** Explains why nothing has answered in some time. */
  Failure outOfReach(Connections.Place place, Duration time) {
    CallOptions glance =
        CallOptions.DEFAULT.withDeadlineAfter(GLANCE.toNanos(), TimeUnit.NANOSECONDS);
    String told = "";
    try {
      ClientCalls.blockingUnaryCall(place.channel(), HEALTH_CHECK, glance, Empty.getDefaultInstance());
    } catch (StatusRuntimeException error) {
      Status status = error.getStatus();
      told = RpcFailures.code(status) == Status.Code.UNAVAILABLE ? Reachability.causes(status) : "";
    }
    return Failure.unavailable(Reachability.explain(target(), settings.secure(), time, told));
  }

  /** Sees that the service answers, before what must be sent only once. */
  private void checkThatItAnswers(TimeLimit limit) throws CallFailedException {
    try {
      retrying(
          new Attempts(Policy.IDEMPOTENT),
          limit,
          () -> begin(HEALTH_CHECK, Empty.getDefaultInstance(), limit).answer());
    } catch (CallFailedException error) {
      if (SILENT.contains(error.failure().kind())) {
        throw error;
      }
    }
  }

  /** One attempt. */
  private interface Attempt<R> {
    R make() throws CallFailedException;
  }

  private static <R> R retrying(Attempts attempts, TimeLimit limit, Attempt<R> attempt) throws CallFailedException {
    while (true) {
      try {
        return attempt.make();
      } catch (CallFailedException error) {
        pauseAfter(error.failure(), attempts, limit);
      }
    }
  }

  /** Waits until the next attempt, or throws what has failed if there is none. */
  private static void pauseAfter(Failure failure, Attempts attempts, TimeLimit limit) throws CallFailedException {
    Decision decision = attempts.after(failure, limit.left());
    if (!decision.again()) {
      throw new CallFailedException(decision.failure());
    }
    try {
      TimeUnit.NANOSECONDS.sleep(decision.pause().toNanos());
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new CallFailedException(
          Failure.cancelled("the call was interrupted: " + decision.failure().message())
              .withOutcomeUnknown(decision.failure().outcomeUnknown()));
    }
  }
}
