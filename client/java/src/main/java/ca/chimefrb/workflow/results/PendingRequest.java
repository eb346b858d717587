package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.DepositStreamRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/** Works of a depositor that go together, and that are not acknowledged yet. */
final class PendingRequest {
  private static final int MOST_BYTES = 512 << 10;
  private static final int MOST_WORKS = 1_000;

  private final List<Work> works = new ArrayList<>();
  private final List<ReceiptFuture> futures = new ArrayList<>();
  private final long sequence;
  private final long began;
  private int size;
  private boolean alone;
  private boolean outcomeUnknown;

  /**
   * Begins without works.
   *
   * @param sequence its number, which orders requests
   * @param began when it began
   */
  PendingRequest(long sequence, long began) {
    this.sequence = sequence;
    this.began = began;
  }

  void add(Work work, ReceiptFuture future) {
    works.add(work);
    futures.add(future);
    size += work.bson().length;
  }

  /** Whether it has no room for a work of so many bytes; a larger one goes alone. */
  boolean isFull(int more) {
    return works.size() >= MOST_WORKS || (!works.isEmpty() && size + more > MOST_BYTES);
  }

  List<Work> works() {
    return works;
  }

  List<ReceiptFuture> futures() {
    return futures;
  }

  long began() {
    return began;
  }

  long sequence() {
    return sequence;
  }

  int size() {
    return size;
  }

  /** Whether it is to be the only request under way. */
  boolean isAlone() {
    return alone;
  }

  void setAlone() {
    alone = true;
  }

  /** Whether some of its works may be stored. */
  boolean outcomeUnknown() {
    return outcomeUnknown;
  }

  void addOutcome(boolean unknown) {
    outcomeUnknown |= unknown;
  }

  DepositStreamRequest message() {
    return DepositStreamRequest.newBuilder()
        .setSequence(sequence)
        .setWorks(Documents.message(works.stream().map(Work::bson).toList()))
        .build();
  }

  /**
   * Divides it into requests that go alone, in their order.
   *
   * @param key what works of one part have in common, of a work and its position
   */
  List<PendingRequest> parts(BiFunction<Work, Integer, Object> key) {
    Map<Object, PendingRequest> parts = new LinkedHashMap<>();
    for (int index = 0; index < works.size(); index++) {
      parts
          .computeIfAbsent(key.apply(works.get(index), index), ignored -> part())
          .add(works.get(index), futures.get(index));
    }
    return new ArrayList<>(parts.values());
  }

  private PendingRequest part() {
    PendingRequest part = new PendingRequest(sequence, began);
    part.alone = true;
    part.outcomeUnknown = outcomeUnknown;
    return part;
  }
}
