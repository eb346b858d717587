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
  private final Current<Q, R> current = new Current<>();

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
    Calls.CLEANER.register(this, current::drop);
  }

  /** The stream that is open, if any. It knows nothing of who reads it, so that it can be ended when nobody does. */
  private static final class Current<Q, R> {
    private volatile RpcStream<Q, R> stream;

    void drop() {
      RpcStream<Q, R> open = stream;
      stream = null;
      if (open != null) {
        open.close();
      }
    }
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
    boolean failing = !times.endless || current.stream == null;
    while (!isClosed() && !course.isComplete()) {
      try {
        RpcStream<Q, R> open = current.stream;
        if (open == null) {
          open = open(TimeLimit.earlier(times.limit, progress));
        }
        R response = open.next(times.silence);
        if (response != null) {
          return response;
        }
        throw new CallFailedException(course.endedEarly());
      } catch (CallFailedException error) {
        current.drop();
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
    current.drop();
  }

  private RpcStream<Q, R> open(TimeLimit connect) throws CallFailedException {
    RpcStream<Q, R> open = calls.stream(method, course.begin(), times.limit, connect);
    current.stream = open;
    if (isClosed()) {
      current.drop();
    }
    return open;
  }

  private void finish() {
    RpcStream<Q, R> open = current.stream;
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
