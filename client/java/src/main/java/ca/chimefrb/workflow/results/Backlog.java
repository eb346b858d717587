package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import ca.chimefrb.workflow.results.v1.DepositStreamResponse;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiFunction;

/**
 * The works of a depositor that are not acknowledged yet: how they go together, and what becomes of them. It neither
 * waits nor looks at a clock, and one thread at a time may use it.
 */
final class Backlog {
  private static final int PENDING_BYTES = 16 << 20;
  private static final int REQUESTS_IN_FLIGHT = 8;

  /** How long works are gathered for a request while another one is under way; otherwise they are sent at once. */
  private static final long GATHERING = 10_000_000;

  private final Deque<PendingRequest> gathered = new ArrayDeque<>();
  private final Deque<PendingRequest> inFlight = new ArrayDeque<>();
  private long pendingBytes;
  private long sequence;

  /** Whether so much waits that the next work has to wait before it. */
  boolean isFull() {
    return pendingBytes >= PENDING_BYTES;
  }

  /** Whether something waits to be sent. */
  boolean hasGathered() {
    return !gathered.isEmpty();
  }

  /** Whether something is sent and not acknowledged. */
  boolean hasInFlight() {
    return !inFlight.isEmpty();
  }

  /** The number of the request that the last work is in. */
  long last() {
    return sequence;
  }

  /** Whether all requests up to one are acknowledged. */
  boolean isDone(long last) {
    return (inFlight.isEmpty() || inFlight.peek().sequence() > last)
        && (gathered.isEmpty() || gathered.peek().sequence() > last);
  }

  /** Takes on a work; returns whether a request begins with it. */
  boolean add(Work work, ReceiptFuture future, long now) {
    int length = work.bson().length;
    boolean begins = gathered.isEmpty() || gathered.peekLast().isAlone() || gathered.peekLast().isFull(length);
    if (begins) {
      gathered.add(new PendingRequest(++sequence, now));
    }
    gathered.peekLast().add(work, future);
    pendingBytes += length;
    return begins;
  }

  /** Makes all that is not acknowledged ready for a new stream. */
  void rewind() {
    while (!inFlight.isEmpty()) {
      gathered.addFirst(inFlight.removeLast());
    }
  }

  /**
   * Returns how long to wait before {@link #take}.
   *
   * @param hurry whether no further works will come
   * @return nanoseconds, 0 for not at all; as many as there can be where something else has to happen first
   */
  long untilNext(boolean hurry, long now) {
    if (gathered.isEmpty()) {
      return Long.MAX_VALUE;
    }
    if (inFlight.isEmpty()) {
      return 0;
    }
    PendingRequest first = gathered.peek();
    if (first.isAlone() || inFlight.peek().isAlone() || inFlight.size() >= REQUESTS_IN_FLIGHT) {
      return Long.MAX_VALUE;
    }
    boolean ready = hurry || gathered.size() > 1 || first.isFull(1);
    return ready ? 0 : Math.max(0, first.began() + GATHERING - now);
  }

  /** Takes off the request that is to be sent next. */
  PendingRequest take() {
    PendingRequest request = gathered.remove();
    inFlight.add(request);
    return request;
  }

  /** What became of works: a receipt for each, or else what has failed. */
  record Settled(PendingRequest request, List<Receipt> receipts, Failure failure) {}

  /**
   * Reads the acknowledgement of the first request in flight.
   *
   * @throws CallFailedException it is that of another request, or makes no sense
   */
  Settled acknowledge(DepositStreamResponse answer) throws CallFailedException {
    PendingRequest request = inFlight.peek();
    if (request == null || request.sequence() != answer.getSequence()) {
      throw new CallFailedException(
          Failure.other(
                  String.format(
                      "the service acknowledged request %d instead of %s",
                      answer.getSequence(), request == null ? "none" : request.sequence()))
              .withOutcomeUnknown(true));
    }
    List<Receipt> receipts =
        Receipts.of(request.works(), answer.getOutcomesList(), answer.getRejectionsList(), index -> "");
    return new Settled(request, receipts, null);
  }

  /** Leaves out the first request in flight, whose works have what became of them. */
  void finish(Settled settled) {
    if (inFlight.peek() == settled.request()) {
      pendingBytes -= inFlight.remove().size();
    }
  }

  /** Notes that a stream has failed with which some requests were under way. */
  void interrupted(Failure failure) {
    inFlight.forEach(each -> each.addOutcome(failure.outcomeUnknown()));
  }

  /** Whether a failure may be that of single works, and the others could go on. */
  boolean canSortOut(Failure failure) {
    if (failure.reason().isEmpty() || inFlight.isEmpty()) {
      return false;
    }
    return failure.kind() == Kind.INVALID_REQUEST
        || (failure.kind() == Kind.PERMISSION_DENIED
            && (failure.reason().equals("PIPELINE") || inFlight.stream().anyMatch(Backlog::hasLocked)));
  }

  /**
   * Sorts out the works that are at fault; the others are sent again.
   *
   * <p>One work at fault ends the stream. Acknowledgements may be lost behind the error, so that only a request that is
   * alone on its way is known to be the one at fault.
   *
   * @return what has failed; null if that is not known yet
   */
  Settled sortOut(Failure failure) {
    PendingRequest first = inFlight.peek();
    if (inFlight.size() > 1) {
      inFlight.forEach(PendingRequest::setAlone);
      inFlight.forEach(each -> each.addOutcome(true)); // acknowledgements may be lost behind the error
      return null;
    }
    BiFunction<Work, Integer, Object> key =
        switch (failure.reason()) {
          case "PIPELINE" -> (work, index) -> work.pipeline();
          case "ROLE" -> (work, index) -> work.isLocked();
          default -> (work, index) -> index;
        };
    List<PendingRequest> parts = first.parts(key);
    if (parts.size() > 1) {
      inFlight.remove();
      inFlight.addAll(parts);
      return null;
    }
    Failure named = failure.withMessage(Receipts.renamed(failure.message(), index -> ""));
    return new Settled(first, List.of(), named.withOutcomeUnknown(first.outcomeUnknown()));
  }

  /** Gives up all that is not acknowledged. */
  List<PendingRequest> giveUp() {
    rewind();
    List<PendingRequest> lost = new ArrayList<>(gathered);
    gathered.clear();
    pendingBytes = 0;
    return lost;
  }

  private static boolean hasLocked(PendingRequest request) {
    return request.works().stream().anyMatch(Work::isLocked);
  }
}
