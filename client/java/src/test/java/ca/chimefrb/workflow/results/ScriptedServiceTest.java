package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import ca.chimefrb.workflow.results.v1.CountRequest;
import ca.chimefrb.workflow.results.v1.CountResponse;
import ca.chimefrb.workflow.results.v1.LockRequest;
import ca.chimefrb.workflow.results.v1.LockResponse;
import ca.chimefrb.workflow.results.v1.ResultBatch;
import ca.chimefrb.workflow.results.v1.ResultPart;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import ca.chimefrb.workflow.results.v1.ViewRequest;
import ca.chimefrb.workflow.results.v1.ViewResponse;
import ca.chimefrb.workflow.results.v1.WatchRequest;
import ca.chimefrb.workflow.results.v1.WatchResponse;
import io.grpc.Context;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.bson.Document;
import org.bson.types.Binary;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client does with answers that a real service seldom gives. */
@Timeout(60)
class ScriptedServiceTest {
  private final Scripted service = new Scripted();
  private Server server;
  private Results results;

  /** A service that sends one batch of a read, and no more; and does not answer. */
  private static final class Scripted extends ResultsServiceGrpc.ResultsServiceImplBase {
    final CountDownLatch cancelled = new CountDownLatch(1);
    final AtomicInteger calls = new AtomicInteger();

    private void hang(StreamObserver<?> observer) {
      ((ServerCallStreamObserver<?>) observer).setOnCancelHandler(cancelled::countDown);
      calls.incrementAndGet();
    }

    @Override
    public void view(ViewRequest request, StreamObserver<ViewResponse> observer) {
      hang(observer);
      byte[] data = new byte[request.getPipeline().equals("large") ? 5 << 20 : 0];
      byte[] result = new Documents(null).encode("", new Document("id", "a").append("data", data));
      ResultBatch batch = ResultBatch.newBuilder().setResults(Documents.message(List.of(result, result))).build();
      observer.onNext(ViewResponse.newBuilder().setPart(ResultPart.newBuilder().setBatch(batch)).build());
    }

    @Override
    public void watch(WatchRequest request, StreamObserver<WatchResponse> observer) {
      hang(observer);
      observer.onNext(WatchResponse.getDefaultInstance());
    }

    @Override
    public void lock(LockRequest request, StreamObserver<LockResponse> observer) {
      hang(observer);
    }

    @Override
    public void count(CountRequest request, StreamObserver<CountResponse> observer) {
      hang(observer);
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create()).addService(service).build().start();
    results = Results.connect("localhost:" + server.getPort());
  }

  @AfterEach
  void stop() {
    results.close();
    server.shutdownNow();
  }

  private static void eventually(BooleanSupplier condition) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "it has taken too long");
      System.gc();
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private boolean hasCancelled() {
    return service.cancelled.getCount() == 0;
  }

  @Test
  void closingIsNoEndOfResults() {
    ResultStream<Document> stream = results.view("p");
    Iterator<Document> iterator = stream.iterator();
    iterator.next();
    stream.close();
    iterator.next(); // it has arrived
    for (int times = 0; times < 2; times++) {
      ResultsException error = assertThrows(ResultsException.class, iterator::hasNext);
      assertEquals(Kind.CANCELLED, error.kind());
    }
  }

  @Test
  void aResultThatCanNotBeDecodedEndsTheCall() throws InterruptedException {
    assertThrows(ResultsException.class, () -> results.view("p").as(String.class).toList());
    eventually(this::hasCancelled);
  }

  @Test
  void aWatchThatCanNotBeReadIsClosed() throws InterruptedException {
    assertThrows(ResultsException.class, () -> results.watch("p").as(Thread.class));
    eventually(this::hasCancelled);
  }

  @Test
  void whatNobodyHasAnyMoreEnds() throws InterruptedException {
    results.view("p").iterator().next();
    eventually(this::hasCancelled);
  }

  @Test
  void aDepositorThatNobodyHasAnyMoreEnds() throws InterruptedException {
    results.depositor();
    eventually(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(each -> each.getName().equals("workflow-results-depositor")));
  }

  @Test
  void theDeadlineOfAContextIsNamed() throws Exception {
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (Context.CancellableContext context =
        Context.current().withDeadlineAfter(300, TimeUnit.MILLISECONDS, clock)) {
      Iterator<Document> iterator = context.call(() -> results.view("p").iterator());
      ResultsException late =
          assertThrows(ResultsException.class, () -> context.call(() -> results.count("p", null)));
      assertEquals(Kind.DEADLINE_EXCEEDED, late.kind());
      assertTrue(late.getMessage().endsWith("was ended by the deadline of its context"), late.getMessage());
      ResultsException unsent = assertThrows(ResultsException.class, () -> context.call(iterator::hasNext));
      assertEquals(Kind.DEADLINE_EXCEEDED, unsent.kind());
      assertTrue(service.calls.get() <= 1); // it was not tried again
    } finally {
      clock.shutdown();
    }
  }

  @Test
  void aWatchGivesUpInTimeIfNothingAnswers() {
    String target = "localhost:" + server.getPort();
    server.shutdownNow();
    long began = System.nanoTime();
    Results hasty = Results.builder().target(target).timeout(Duration.ofSeconds(2)).connect();
    try (hasty) {
      ResultsException error = assertThrows(ResultsException.class, () -> hasty.watch("p"));
      assertEquals(Kind.UNAVAILABLE, error.kind());
    }
    assertTrue(System.nanoTime() - began < TimeUnit.MILLISECONDS.toNanos(3900));
  }

  @Test
  void aServiceThatDoesNotAnswerIsGivenUpInTime() {
    Results hasty = results.withTimeout(Duration.ofSeconds(5));
    ResultsException error = assertThrows(ResultsException.class, () -> hasty.count("p", null));
    assertEquals(Kind.DEADLINE_EXCEEDED, error.kind());
  }

  @Test
  void closingTheClientEndsAChangeThatMayHaveBeenMade() throws Exception {
    CompletableFuture<ChangeOutcome> change =
        CompletableFuture.supplyAsync(() -> results.lock("p", List.of("a")));
    eventually(() -> service.calls.get() == 1);
    results.close();
    ExecutionException error = assertThrows(ExecutionException.class, () -> change.get(20, TimeUnit.SECONDS));
    ResultsException cause = (ResultsException) error.getCause();
    assertEquals(Kind.CANCELLED, cause.kind());
    assertTrue(cause.outcomeUnknown());
  }

  @Test
  void takesMessagesThatAreLargerThanUsual() {
    try (ResultStream<Document> stream = results.view("large")) {
      assertEquals(5 << 20, stream.iterator().next().get("data", Binary.class).length());
    }
  }

  @Test
  void refusesRequestsThatAreTooLarge() {
    Document query = new Document("a", new byte[33 << 20]);
    ResultsException error = assertThrows(ResultsException.class, () -> results.count("p", query));
    assertEquals(Kind.INVALID_REQUEST, error.kind());
    assertTrue(error.getMessage().endsWith("make several calls"), error.getMessage());
  }

  @Test
  void nullIsNoWork() {
    ResultsException error = assertThrows(ResultsException.class, () -> results.deposit((Document) null));
    assertEquals("works[0] is null", error.getMessage());
    assertFalse(error.outcomeUnknown());
  }
}
