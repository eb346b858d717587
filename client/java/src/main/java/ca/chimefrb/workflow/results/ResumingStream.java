package ca.chimefrb.workflow.results;

import com.google.protobuf.MessageLite;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The responses of a stream that goes on where it broke. One thread reads; any may close it. */
final class ResumingStream<Q extends MessageLite, R> implements AutoCloseable {
  /** How long to wait for the end of a stream of which all has arrived. */
  private static final Duration END = Duration.ofSeconds(1);

  private final Calls calls;
  private final MethodDescriptor<Q, R> method;
  private final Course<Q> course;
  private final Times times;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile RpcStream<Q, R> stream;

  /**
   * Begins; calls when the first response is asked for.
   *
   * @param times how long it may take
   */
  ResumingStream(Calls calls, MethodDescriptor<Q, R> method, Course<Q> course, Times times) {
    this.calls = calls;
    this.method = method;
    this.course = course;
    this.times = times;
  }

  /**
   * How long a stream may take.
   *
   * @param limit when it must have ended
   * @param patience how long it may be without progress
   * @param silence how long to wait for a response
   * @param endless whether it may have nothing to tell, so that only time counts in which it fails
   */
  record Times(TimeLimit limit, Duration patience, Duration silence, boolean endless) {}

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  /**
   * Waits for the next response.
   *
   * @return the response; null when all has arrived, or this was closed
   * @throws ResultsException the stream failed for good
   */
  R next() {
    TimeLimit progress = TimeLimit.after(times.patience);
    boolean failing = !times.endless;
    while (!isClosed() && !course.isComplete()) {
      try {
        RpcStream<Q, R> current = stream;
        RpcStream<Q, R> open = current == null ? open(TimeLimit.earlier(times.limit, progress)) : current;
        R response = open.next(times.silence);
        if (response != null) {
          return response;
        }
        throw new CallFailedException(course.endedEarly());
      } catch (CallFailedException error) {
        drop();
        if (isClosed()) {
          return null;
        }
        progress = failing ? progress : TimeLimit.after(times.patience);
        failing = true;
        Attempts.Decision decision =
            course.attempts().after(error.failure(), TimeLimit.earlier(times.limit, progress).left());
        if (!decision.again()) {
          close();
          throw decision.failure().toException();
        }
        pause(decision);
      }
    }
    finish();
    return null;
  }

  /** Ends the stream, from any thread; twice is fine. */
  @Override
  public void close() {
    closed.countDown();
    drop();
  }

  private RpcStream<Q, R> open(TimeLimit connect) throws CallFailedException {
    RpcStream<Q, R> open = calls.stream(method, course.begin(), times.limit, connect);
    stream = open;
    if (isClosed()) {
      drop();
    }
    return open;
  }

  private void drop() {
    RpcStream<Q, R> open = stream;
    stream = null;
    if (open != null) {
      open.close();
    }
  }

  private void finish() {
    RpcStream<Q, R> open = stream;
    if (open != null && !isClosed()) {
      try {
        open.next(END);
      } catch (CallFailedException error) {
        // it does not matter how a stream ends of which all has arrived
      }
    }
    close();
  }

  private void pause(Attempts.Decision decision) {
    try {
      closed.await(decision.pause().toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      close();
      throw Failure.cancelled("a read was interrupted: " + decision.failure().message()).toException();
    }
  }
}
