package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.Outbox.Refused;
import java.lang.ref.Reference;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.bson.conversions.Bson;

/**
 * Deposits works that finish one by one, at the speed of many: it sends them together on one stream.
 *
 * <p>If the connection breaks or the server restarts, works that are not acknowledged are sent again. Works with the same
 * id are stored in the order in which they are given. Any number of threads may share a depositor.
 *
 * <p>Use it with try-with-resources: {@link #close} waits until all is acknowledged. The thread that sends does not keep
 * the program from ending, and ends when nobody has the depositor any more and all is acknowledged.
 */
public final class Depositor implements AutoCloseable {
  private static final int NAMED_IN_ERRORS = 5;

  private final Documents documents;
  private final Outbox outbox = new Outbox();

  /**
   * Opens.
   *
   * @param patience how long to go on without an acknowledgement
   */
  Depositor(Calls calls, Documents documents, Duration patience) {
    this.documents = documents;
    Thread sender = new Thread(new DepositSender(calls, outbox, patience), "workflow-results-depositor");
    sender.setDaemon(true);
    outbox.setSender(sender);
    Calls.CLEANER.register(this, outbox::abandon);
    sender.start();
  }

  /**
   * Takes on a work, to be sent soon. Waits while more than 16 MiB are not acknowledged.
   *
   * @param work as for {@link Results#deposit(java.util.Collection)}
   * @return its receipt, when the work is acknowledged. It fails with a {@link ResultsException} if the caller may not
   *     deposit the work, or the depositor gives up. What hangs on it runs in the thread that sends: keep that short. There,
   *     to wait for another receipt is an {@link IllegalStateException}. To cancel it has no effect on the work
   * @throws ResultsException the depositor has given up, the work can't be encoded, or the thread was interrupted; the
   *     work was not taken on
   * @throws IllegalStateException the depositor is closed
   */
  public CompletableFuture<Receipt> deposit(Bson work) {
    ReceiptFuture future = new ReceiptFuture(outbox::checkThread);
    try {
      outbox.put(Work.of(documents.encode("work", work), Results::newId), future);
      return future;
    } finally {
      Reference.reachabilityFence(this); // it has not been dropped as long as it takes on a work
    }
  }

  /**
   * Waits until all works given so far are acknowledged.
   *
   * @throws ResultsException the depositor has given up; {@code works()} has the works that are not acknowledged. Or the
   *     thread was interrupted; CANCELLED
   */
  public void flush() {
    outbox.flush();
  }

  /**
   * Waits until all works are acknowledged. Closing twice is fine.
   *
   * @throws ResultsException the depositor has given up; {@code works()} has the works that are not acknowledged. Or works
   *     are not stored, and nobody has asked for their receipts; INVALID_REQUEST or PERMISSION_DENIED. Or the thread was
   *     interrupted, and works may not be stored; CANCELLED
   */
  @Override
  public void close() {
    outbox.close();
    List<Refused> unseen = outbox.takeUnseen();
    if (!unseen.isEmpty()) {
      throw notStored(unseen).toException();
    }
  }

  private Failure notStored(List<Refused> unseen) {
    String named =
        unseen.stream()
            .limit(NAMED_IN_ERRORS)
            .map(Refused::receipt)
            .map(each -> each.pipeline() + " '" + each.id() + "': " + each.reason())
            .collect(Collectors.joining("; "));
    String more = unseen.size() > NAMED_IN_ERRORS ? "; and more" : "";
    String message =
        String.format("not stored, %,d of %,d works: %s%s", unseen.size(), outbox.given(), named, more);
    return unseen.stream()
        .filter(each -> each.failure() != null)
        .findFirst()
        .map(each -> each.failure().withMessage(message))
        .orElse(Failure.invalid(message));
  }
}
