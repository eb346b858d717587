package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.DepositStreamRequest;
import ca.chimefrb.workflow.results.v1.DepositStreamResponse;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Sends the works of a depositor, on one stream after another. */
final class DepositSender implements Runnable {
  /** How long a stream may be without an acknowledgement that is waited for. */
  private static final Duration SILENCE = Duration.ofSeconds(10);

  /** How long a stream stays open without works. */
  private static final long IDLE = TimeUnit.SECONDS.toNanos(10);

  private static final long TICK = TimeUnit.SECONDS.toNanos(1);

  private final Calls calls;
  private final Outbox outbox;
  private final Duration patience;
  private final Duration silence;
  private final Attempts attempts = new Attempts(Attempts.Policy.STREAM_OF_DEPOSITS);
  private TimeLimit progress;

  /**
   * Begins.
   *
   * @param patience how long to go on without an acknowledgement
   */
  DepositSender(Calls calls, Outbox outbox, Duration patience) {
    this.calls = calls;
    this.outbox = outbox;
    this.patience = patience;
    this.silence = patience.compareTo(SILENCE) < 0 ? patience : SILENCE;
    this.progress = TimeLimit.after(patience);
  }

  /** Sends until the depositor is closed and everything is acknowledged. */
  @Override
  public void run() {
    try {
      while (true) {
        boolean idle = outbox.isEmpty();
        if (!outbox.awaitWorks()) {
          return;
        }
        if (idle) {
          progressed();
        }
        try {
          exchange();
        } catch (CallFailedException error) {
          recover(error.failure());
        }
      }
    } catch (RuntimeException | Error | InterruptedException error) { // whatever goes wrong, no work is lost without a word
      outbox.giveUp(Failure.other("depositing failed: " + error).withCause(error));
    } finally {
      outbox.end();
    }
  }

  private void progressed() {
    progress = TimeLimit.after(patience);
    attempts.progress();
  }

  /** Sends what is gathered on a stream, and takes the acknowledgements, until the stream ends. */
  private void exchange() throws CallFailedException, InterruptedException {
    try (RpcStream<DepositStreamRequest, DepositStreamResponse> stream =
        calls.exchange(ResultsServiceGrpc.getDepositStreamMethod(), outbox::wake)) {
      TimeLimit patient = TimeLimit.after(silence);
      long idleSince = System.nanoTime();
      boolean halfClosed = false;
      while (true) {
        outbox.listen();
        DepositStreamResponse answer = stream.poll();
        if (answer != null) {
          outbox.acknowledge(answer);
          progressed();
          patient = TimeLimit.after(silence);
          idleSince = System.nanoTime();
          continue;
        }
        if (stream.hasEnded()) {
          checkThatNothingIsLost();
          return;
        }
        stream.nudge();
        boolean waits = halfClosed || outbox.hasInFlight();
        if (waits && patient.left() <= 0) {
          throw new CallFailedException(stream.silent(silence));
        }
        if (halfClosed) {
          outbox.awaitWaking(Math.min(patient.left(), TICK));
        } else if (outbox.isEmpty() && (outbox.isClosing() || System.nanoTime() - idleSince > IDLE)) {
          stream.halfClose();
          halfClosed = true;
          patient = TimeLimit.after(silence);
        } else {
          PendingRequest request = outbox.take(waits ? Math.min(patient.left(), TICK) : TICK);
          if (request != null) {
            patient = waits ? patient : TimeLimit.after(silence);
            stream.send(request.message());
          }
        }
      }
    }
  }

  private void checkThatNothingIsLost() throws CallFailedException {
    if (outbox.hasInFlight()) {
      throw new CallFailedException(
          Failure.unavailable("the service ended a stream before it had acknowledged all works")
              .withOutcomeUnknown(true));
    }
  }

  /** Does what is to be done after a stream has failed. */
  private void recover(Failure failure) throws InterruptedException {
    if (outbox.isEmpty()) {
      return; // only a stream has ended that had nothing to do
    }
    outbox.interrupted(failure);
    if (outbox.sortOut(failure)) {
      progressed();
      return;
    }
    Attempts.Decision decision = attempts.after(failure, progress.left());
    if (decision.again()) {
      TimeUnit.NANOSECONDS.sleep(decision.pause().toNanos());
    } else {
      outbox.giveUp(decision.failure());
    }
  }
}
