package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.Backlog.Settled;
import ca.chimefrb.workflow.results.ResultsException.Kind;
import ca.chimefrb.workflow.results.v1.DepositOutcome;
import ca.chimefrb.workflow.results.v1.DepositStreamResponse;
import ca.chimefrb.workflow.results.v1.Rejection;
import ca.chimefrb.workflow.results.v1.RejectionReason;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bson.Document;
import org.junit.jupiter.api.Test;

class BacklogTest {
  private static final long LATER = Duration.ofSeconds(1).toNanos();
  private static final Documents DOCUMENTS = new Documents(null);
  private final Backlog backlog = new Backlog();

  private static Work work(String pipeline, String id, Object results) {
    Document document = new Document("pipeline", pipeline).append("id", id).append("results", results);
    return Work.of(DOCUMENTS.encode("work", document), () -> "");
  }

  private void add(String id) {
    backlog.add(work("p", id, null), new ReceiptFuture(() -> {}), 0);
  }

  private static List<String> ids(PendingRequest request) {
    return request.works().stream().map(Work::id).toList();
  }

  private static Failure denied(String reason) {
    return new Failure(
        Kind.PERMISSION_DENIED,
        Status.Code.PERMISSION_DENIED,
        "works[1].pipeline: no",
        reason,
        List.of(),
        "",
        Duration.ZERO,
        false,
        null);
  }

  @Test
  void sendsTheFirstWorkAtOnceAndGathersOthersMeanwhile() {
    assertEquals(Long.MAX_VALUE, backlog.untilNext(false, 0));
    add("a");
    assertEquals(0, backlog.untilNext(false, 0));
    assertEquals(List.of("a"), ids(backlog.take()));
    add("b");
    add("c");
    assertEquals(Duration.ofMillis(10).toNanos(), backlog.untilNext(false, 0));
    assertEquals(0, backlog.untilNext(true, 0));
    assertEquals(0, backlog.untilNext(false, LATER));
    assertEquals(List.of("b", "c"), ids(backlog.take()));
  }

  @Test
  void keepsEightRequestsInFlight() {
    for (int number = 0; number < 8; number++) {
      add("a" + number);
      backlog.take();
    }
    add("b");
    assertEquals(Long.MAX_VALUE, backlog.untilNext(true, LATER));
  }

  @Test
  void aRequestHasAThousandWorksAtMost() {
    for (int number = 0; number < 1001; number++) {
      add("a" + number);
    }
    assertEquals(1000, backlog.take().works().size());
    assertEquals(1, backlog.take().works().size());
  }

  @Test
  void sendsAllAgainInItsOrder() {
    add("a");
    backlog.take();
    add("b");
    backlog.take();
    add("c");
    backlog.rewind();
    assertEquals(List.of("a"), ids(backlog.take()));
    assertEquals(List.of("b"), ids(backlog.take()));
    assertEquals(List.of("c"), ids(backlog.take()));
  }

  @Test
  void givesEachWorkItsReceipt() throws CallFailedException {
    add("a");
    add("b");
    long sequence = backlog.take().sequence();
    DepositStreamResponse.Builder answer =
        DepositStreamResponse.newBuilder()
            .addOutcomes(DepositOutcome.DEPOSIT_OUTCOME_DEPOSITED)
            .addOutcomes(DepositOutcome.DEPOSIT_OUTCOME_REJECTED)
            .addRejections(
                Rejection.newBuilder()
                    .setIndex(1)
                    .setReason(RejectionReason.REJECTION_REASON_TOO_DEEP)
                    .setMessage("works[1].results is nested too deep"));
    assertThrows(CallFailedException.class, () -> backlog.acknowledge(answer.setSequence(9).build()));
    Settled settled = backlog.acknowledge(answer.setSequence(sequence).build());
    assertThrows(
        CallFailedException.class,
        () ->
            backlog.acknowledge(answer.clone().addOutcomes(DepositOutcome.DEPOSIT_OUTCOME_DEPOSITED).build()));
    assertFalse(backlog.isDone(sequence));
    backlog.finish(settled);
    assertTrue(backlog.isDone(sequence));
    assertEquals(new Receipt("p", "a", Receipt.Outcome.DEPOSITED, ""), settled.receipts().get(0));
    assertEquals("TOO_DEEP: results is nested too deep", settled.receipts().get(1).reason());
  }

  @Test
  void tellsDeniedPipelinesApart() {
    backlog.add(work("p", "a", null), new ReceiptFuture(() -> {}), 0);
    backlog.add(work("q", "b", null), new ReceiptFuture(() -> {}), 0);
    backlog.add(work("p", "c", null), new ReceiptFuture(() -> {}), 0);
    backlog.take();
    add("d");
    backlog.take();
    assertTrue(backlog.canSortOut(denied("PIPELINE")));
    assertNull(backlog.sortOut(denied("PIPELINE"))); // two are under way: they go alone
    backlog.rewind();
    assertEquals(List.of("a", "b", "c"), ids(backlog.take()));
    assertEquals(Long.MAX_VALUE, backlog.untilNext(true, LATER));
    assertNull(backlog.sortOut(denied("PIPELINE"))); // it is divided
    backlog.rewind();
    assertEquals(List.of("a", "c"), ids(backlog.take()));
    Settled settled = backlog.sortOut(denied("PIPELINE"));
    assertNotNull(settled);
    assertEquals("pipeline: no", settled.failure().message());
    assertTrue(settled.failure().outcomeUnknown());
    backlog.finish(settled);
    assertEquals(List.of("b"), ids(backlog.take()));
  }

  @Test
  void aRoleThatMayNotDepositAtAllIsNothingToSortOut() {
    add("a");
    backlog.take();
    assertFalse(backlog.canSortOut(denied("ROLE")));
    backlog.add(work("p", "b", new Document("locked", true)), new ReceiptFuture(() -> {}), 0);
    backlog.take();
    assertTrue(backlog.canSortOut(denied("ROLE")));
    assertFalse(backlog.canSortOut(denied("")));
  }

  @Test
  void isFullWhenMuchWaits() throws CallFailedException {
    String text = "x".repeat(1 << 20);
    for (int number = 0; number < 16; number++) {
      assertFalse(backlog.isFull());
      backlog.add(work("p", "a" + number, text), new ReceiptFuture(() -> {}), 0);
    }
    assertTrue(backlog.isFull());
    PendingRequest first = backlog.take();
    backlog.finish(
        backlog.acknowledge(
            DepositStreamResponse.newBuilder()
                .setSequence(first.sequence())
                .addOutcomes(DepositOutcome.DEPOSIT_OUTCOME_DEPOSITED)
                .build()));
    assertFalse(backlog.isFull());
  }

  @Test
  void givesUpAll() {
    add("a");
    backlog.take();
    backlog.interrupted(Failure.unavailable("no").withOutcomeUnknown(true));
    add("b");
    List<PendingRequest> lost = backlog.giveUp();
    assertEquals(List.of(true, false), lost.stream().map(PendingRequest::outcomeUnknown).toList());
    assertFalse(backlog.hasGathered() || backlog.hasInFlight() || backlog.isFull());
  }

  @Test
  void dividesLongListsOfWorks() {
    List<Work> works = new ArrayList<>();
    for (int number = 0; number < 10_002; number++) {
      works.add(work("p", "a" + number, number == 10_001 ? "x".repeat(2 << 20) : null));
    }
    assertEquals(
        List.of(new Deposit.Part(0, 10_000), new Deposit.Part(10_000, 10_001), new Deposit.Part(10_001, 10_002)),
        Deposit.divided(works));
    assertEquals(List.of(), Deposit.divided(List.of()));
  }

  @Test
  void namesWorksInReasonsByTheirPositionInTheList() {
    assertEquals("works[7].id: no", Receipts.renamed("works[2].id: no", index -> "works[" + (index + 5) + "]"));
    assertEquals("works[$1]: no", Receipts.renamed("works[0]: no", index -> "works[$1]"));
    assertEquals("no", Receipts.renamed("works[0]: no", index -> ""));
    assertEquals("locked works (id)", Receipts.renamed("locked works (works[0].id)", index -> ""));
  }

  @Test
  void aThreadDoesNotWaitForItself() {
    ReceiptFuture own =
        new ReceiptFuture(
            () -> {
              throw new IllegalStateException();
            });
    assertThrows(IllegalStateException.class, own::join);
    assertThrows(IllegalStateException.class, own::get);
    assertThrows(IllegalStateException.class, () -> own.get(1, TimeUnit.NANOSECONDS));
    own.complete(new Receipt("p", "a", Receipt.Outcome.DEPOSITED, ""));
    assertEquals("a", own.join().id());
  }

  @Test
  void aReceiptKnowsWhetherAnybodyAsked() {
    Receipt receipt = new Receipt("p", "a", Receipt.Outcome.CONFLICT, "");
    ReceiptFuture unseen = new ReceiptFuture(() -> {});
    unseen.complete(receipt);
    assertFalse(unseen.isSeen());
    assertEquals("a", unseen.thenApply(Receipt::id).join());
    assertTrue(unseen.isSeen());
    ReceiptFuture awaited = new ReceiptFuture(() -> {});
    assertThrows(TimeoutException.class, () -> awaited.get(1, TimeUnit.NANOSECONDS));
    assertFalse(awaited.isSeen());
    awaited.completeExceptionally(new IllegalStateException());
    assertThrows(ExecutionException.class, () -> awaited.get(1, TimeUnit.NANOSECONDS));
    assertTrue(awaited.isSeen());
    ReceiptFuture joined = new ReceiptFuture(() -> {});
    CompletableFuture<Void> all = CompletableFuture.allOf(joined, new CompletableFuture<>());
    joined.complete(receipt);
    assertTrue(joined.isSeen());
    assertFalse(all.isDone());
  }
}
