package ca.chimefrb.workflow.results;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A receipt that is on its way, and that knows whether anybody has asked for it. */
final class ReceiptFuture extends CompletableFuture<Receipt> {
  private final Runnable checkThread;
  private volatile boolean seen;

  /**
   * Begins.
   *
   * @param checkThread throws in a thread that would wait for itself
   */
  ReceiptFuture(Runnable checkThread) {
    this.checkThread = checkThread;
  }

  /** Whether anybody has asked for the receipt, or has said what to do with it. */
  boolean isSeen() {
    return seen;
  }

  @Override
  public Receipt get() throws InterruptedException, ExecutionException {
    checkWaiting();
    seen = true;
    return super.get();
  }

  @Override
  public Receipt get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
    checkWaiting();
    try {
      return super.get(timeout, unit);
    } finally {
      seen |= isDone();
    }
  }

  @Override
  public Receipt join() {
    checkWaiting();
    seen = true;
    return super.join();
  }

  @Override
  public Receipt getNow(Receipt otherwise) {
    seen |= isDone();
    return super.getNow(otherwise);
  }

  /** Makes what {@code thenApply} and the like return. */
  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    seen = true;
    return new CompletableFuture<>();
  }

  @Override
  public boolean complete(Receipt receipt) {
    seen |= getNumberOfDependents() > 0; // allOf and anyOf ask in no other way
    return super.complete(receipt);
  }

  @Override
  public boolean completeExceptionally(Throwable error) {
    seen |= getNumberOfDependents() > 0;
    return super.completeExceptionally(error);
  }

  private void checkWaiting() {
    if (!isDone()) {
      checkThread.run();
    }
  }
}
