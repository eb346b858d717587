package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.Backlog.Settled;
import ca.chimefrb.workflow.results.v1.DepositStreamResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bson.RawBsonDocument;

/** What the threads that deposit works share with the thread that sends them. */
final class Outbox {
  private static final long TICK = TimeUnit.SECONDS.toNanos(1);

  private final Backlog backlog = new Backlog();
  private final List<Refused> refused = new ArrayList<>();
  private Thread sender;
  private long given;
  private boolean closing;
  private boolean ended;
  private boolean woken;
  private ResultsException failed;

  /**
   * A work that is not stored.
   *
   * @param failure why, where the caller may not deposit it; otherwise null
   */
  record Refused(Receipt receipt, Failure failure, ReceiptFuture future) {}

  /** Says which thread sends, which must not wait for itself. */
  synchronized void setSender(Thread thread) {
    sender = thread;
  }

  /** Takes on a work, as {@link Depositor#deposit} describes. */
  synchronized void put(Work work, ReceiptFuture future) {
    checkOpen();
    while (backlog.isFull() && !closing && Thread.currentThread() != sender) {
      pause();
    }
    checkOpen();
    given++;
    Receipt tooLarge = work.tooLarge();
    if (tooLarge != null) {
      refused.add(new Refused(tooLarge, null, future));
      future.complete(tooLarge);
    } else if (backlog.add(work, future, System.nanoTime())) {
      notifyAll();
    }
  }

  /** Waits until all that was put so far is acknowledged. */
  synchronized void flush() {
    checkThread();
    long last = backlog.last();
    while (failed == null && !backlog.isDone(last)) {
      pause();
    }
    checkThatItGoesOn();
  }

  /** Takes on no more works, and waits until the sender has ended; if it is interrupted, it gives up. */
  void close() {
    try {
      awaitEnd();
    } catch (ResultsException error) {
      giveUp(error.failure());
    }
    synchronized (this) {
      checkThatItGoesOn();
    }
  }

  /** Takes on no more works. */
  synchronized void abandon() {
    closing = true;
    notifyAll();
  }

  private synchronized void awaitEnd() {
    checkThread();
    abandon();
    while (!ended) {
      pause();
    }
  }

  /** Takes the works that are not stored, and about which nobody has asked. */
  synchronized List<Refused> takeUnseen() {
    List<Refused> unseen = refused.stream().filter(each -> !each.future.isSeen()).toList();
    refused.clear();
    return unseen;
  }

  /** How many works there were in all. */
  synchronized long given() {
    return given;
  }

  /** Makes the sender look at its stream. */
  synchronized void wake() {
    woken = true;
    notifyAll();
  }

  /** Notes that the sender looks at its stream from now on. */
  synchronized void listen() {
    woken = false;
  }

  /** Waits until there is something for a new stream; returns whether there is, or all is done. */
  synchronized boolean awaitWorks() throws InterruptedException {
    backlog.rewind();
    while (!backlog.hasGathered() && !closing) {
      wait();
    }
    return backlog.hasGathered();
  }

  /**
   * Waits for the next request, or until the sender is woken or has waited long enough; also for less.
   *
   * @param nanos how long to wait at most
   * @return the request, or null
   */
  synchronized PendingRequest take(long nanos) throws InterruptedException {
    long wait = backlog.untilNext(closing, System.nanoTime());
    if (wait == 0) {
      return backlog.take();
    }
    awaitWaking(Math.min(wait, nanos));
    return null;
  }

  /** Waits until the sender is woken or has waited long enough; also for less. */
  @SuppressWarnings("WaitNotInLoop") // the sender looks at everything again each time
  synchronized void awaitWaking(long nanos) throws InterruptedException {
    if (!woken) {
      TimeUnit.NANOSECONDS.timedWait(this, nanos);
    }
  }

  synchronized boolean hasInFlight() {
    return backlog.hasInFlight();
  }

  /** Whether nothing is left to do. */
  synchronized boolean isEmpty() {
    return !backlog.hasInFlight() && !backlog.hasGathered();
  }

  synchronized boolean isClosing() {
    return closing;
  }

  /** Gives the works of the first request in flight their receipts. */
  void acknowledge(DepositStreamResponse answer) throws CallFailedException {
    Settled settled;
    synchronized (this) {
      settled = backlog.acknowledge(answer);
    }
    settle(settled);
  }

  /** Notes that a stream has failed with which some requests were under way. */
  synchronized void interrupted(Failure failure) {
    backlog.interrupted(failure);
  }

  /** Makes the works fail that are at fault, and has the others sent again; returns whether they can be told apart. */
  boolean sortOut(Failure failure) {
    Settled settled;
    synchronized (this) {
      if (!backlog.canSortOut(failure)) {
        return false;
      }
      settled = backlog.sortOut(failure);
    }
    if (settled != null) {
      settle(settled);
    }
    return true;
  }

  /** Makes all fail that is not acknowledged, and takes on no more works. */
  void giveUp(Failure failure) {
    List<PendingRequest> lost;
    ResultsException error;
    synchronized (this) {
      lost = backlog.giveUp();
      closing = true;
      notifyAll();
      if (failed == null) {
        boolean unknown = failure.outcomeUnknown() || lost.stream().anyMatch(PendingRequest::outcomeUnknown);
        List<RawBsonDocument> works =
            lost.stream().flatMap(each -> each.works().stream()).map(Work::raw).toList();
        failed = failure.withOutcomeUnknown(unknown).toException(works);
      }
      error = failed;
    }
    lost.forEach(each -> each.futures().forEach(future -> future.completeExceptionally(error)));
  }

  /** Notes that the sender has ended. */
  synchronized void end() {
    ended = true;
    notifyAll();
  }

  /** Completes futures, without the lock: what hangs on them may take its time, and deposit further works. */
  private void settle(Settled settled) {
    List<ReceiptFuture> futures = settled.request().futures();
    for (int index = 0; index < futures.size(); index++) {
      ReceiptFuture future = futures.get(index);
      Failure failure = settled.failure();
      if (failure == null) {
        Receipt receipt = settled.receipts().get(index);
        if (!receipt.stored()) {
          note(new Refused(receipt, null, future));
        }
        future.complete(receipt);
      } else {
        Work work = settled.request().works().get(index);
        String reason = failure.reason() + ": " + failure.message();
        Receipt receipt = new Receipt(work.pipeline(), work.id(), Receipt.Outcome.REJECTED, reason);
        note(new Refused(receipt, failure, future));
        future.completeExceptionally(failure.toException(List.of(work.raw())));
      }
    }
    synchronized (this) {
      backlog.finish(settled);
      notifyAll();
    }
  }

  private synchronized void note(Refused work) {
    refused.add(work);
  }

  private void checkOpen() {
    checkThatItGoesOn();
    if (closing) {
      throw new IllegalStateException("the depositor is closed");
    }
  }

  /** Throws what has failed; a new exception each time, since one can't be suppressed by itself. */
  private void checkThatItGoesOn() {
    if (failed != null) {
      throw failed.failure().toException(failed.works());
    }
  }

  /** Throws in the thread that sends. */
  void checkThread() {
    if (Thread.currentThread() == sender) {
      throw new IllegalStateException(
          "what hangs on a receipt runs in the depositor's own thread, which can't wait for itself");
    }
  }

  /** Waits for a change, for those who deposit. */
  @SuppressWarnings("WaitNotInLoop") // it is called in loops
  private synchronized void pause() {
    try {
      TimeUnit.NANOSECONDS.timedWait(this, TICK);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw Failure.cancelled("a depositor was interrupted").withOutcomeUnknown(true).toException();
    }
  }
}
