package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import ca.chimefrb.workflow.results.v1.DepositOutcome;
import ca.chimefrb.workflow.results.v1.DepositRequest;
import ca.chimefrb.workflow.results.v1.DepositResponse;
import ca.chimefrb.workflow.results.v1.DepositStreamRequest;
import ca.chimefrb.workflow.results.v1.DepositStreamResponse;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.bson.Document;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of deposits when a service fails in ways that a real one seldom does. */
@Timeout(30)
class ScriptedDepositsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final Document WORK = new Document("id", "a").append("pipeline", "p");

  private final Scripted service = new Scripted();
  private Server server;
  private Results results;

  private enum Answer {
    STORED,
    CONFLICT,
    NONE,
    BROKEN,
    END,
    DENIED
  }

  private static final class Scripted extends ResultsServiceGrpc.ResultsServiceImplBase {
    /** What the streams do with their first request, in turn; the last one does it again and again. */
    final LinkedBlockingDeque<Answer> answers = new LinkedBlockingDeque<>();

    final AtomicInteger underWay = new AtomicInteger();
    final AtomicInteger mostUnderWay = new AtomicInteger();

    @Override
    public StreamObserver<DepositStreamRequest> depositStream(StreamObserver<DepositStreamResponse> observer) {
      Answer answer = answers.size() > 1 ? answers.remove() : answers.peek();
      return new StreamObserver<>() {
        @Override
        public void onNext(DepositStreamRequest request) {
          switch (answer) {
            case STORED -> observer.onNext(outcome(request, DepositOutcome.DEPOSIT_OUTCOME_DEPOSITED));
            case CONFLICT -> observer.onNext(outcome(request, DepositOutcome.DEPOSIT_OUTCOME_CONFLICT));
            case BROKEN -> observer.onError(Status.UNAVAILABLE.asRuntimeException());
            case END -> observer.onCompleted();
            case DENIED -> observer.onError(denied());
            case NONE -> {}
          }
        }

        @Override
        public void onError(Throwable error) {}

        @Override
        public void onCompleted() {
          observer.onCompleted();
        }
      };
    }

    private static DepositStreamResponse outcome(DepositStreamRequest request, DepositOutcome outcome) {
      return DepositStreamResponse.newBuilder().setSequence(request.getSequence()).addOutcomes(outcome).build();
    }

    @Override
    public void deposit(DepositRequest request, StreamObserver<DepositResponse> observer) {
      mostUnderWay.accumulateAndGet(underWay.incrementAndGet(), Math::max);
      try {
        TimeUnit.MILLISECONDS.sleep(500);
      } catch (InterruptedException interrupt) {
        Thread.currentThread().interrupt();
      }
      underWay.decrementAndGet();
      if (request.getWorks().getBson().toStringUtf8().contains("denied")) {
        observer.onError(denied());
        return;
      }
      observer.onNext(DepositResponse.newBuilder().addOutcomes(DepositOutcome.DEPOSIT_OUTCOME_DEPOSITED).build());
      observer.onCompleted();
    }

    private static RuntimeException denied() {
      ErrorInfo info = ErrorInfo.newBuilder().setDomain("workflow-results").setReason("PIPELINE").build();
      return StatusProto.toStatusRuntimeException(
          com.google.rpc.Status.newBuilder()
              .setCode(Status.Code.PERMISSION_DENIED.value())
              .setMessage("works[0]: not this")
              .addDetails(Any.pack(info))
              .build());
    }
  }

  @BeforeEach
  void start() throws IOException {
    server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create()).addService(service).build().start();
    results = Results.connect("localhost:" + server.getPort());
    service.answers.add(Answer.STORED);
    try (Depositor connects = results.depositor()) {
      connects.deposit(WORK).join();
    }
    service.answers.clear();
  }

  @AfterEach
  void stop() {
    results.close();
    server.shutdownNow();
  }

  private Depositor depositor(Answer... answers) {
    service.answers.addAll(List.of(answers));
    return results.withTimeout(PATIENCE).depositor();
  }

  private static ResultsException failure(CompletableFuture<Receipt> receipt) {
    ExecutionException error = assertThrows(ExecutionException.class, () -> receipt.get(20, TimeUnit.SECONDS));
    return (ResultsException) error.getCause();
  }

  private static Document large(String id, String text) {
    return new Document("id", id).append("pipeline", "p").append("text", text + "x".repeat(1 << 20));
  }

  @Test
  void givesUpAServiceThatIsSilent() {
    ResultsException error = failure(depositor(Answer.NONE).deposit(WORK));
    assertEquals(Kind.DEADLINE_EXCEEDED, error.kind());
    assertTrue(error.outcomeUnknown());
  }

  @Test
  void givesUpAServiceThatEndsEveryStream() {
    ResultsException error = failure(depositor(Answer.END).deposit(WORK));
    assertEquals(Kind.UNAVAILABLE, error.kind());
    assertTrue(error.outcomeUnknown());
  }

  @Test
  void aWorkThatIsDeniedMayHaveBeenStoredBefore() {
    ResultsException again = failure(depositor(Answer.BROKEN, Answer.DENIED).deposit(WORK));
    assertEquals(Kind.PERMISSION_DENIED, again.kind());
    assertEquals("not this", again.getMessage());
    assertTrue(again.outcomeUnknown());
    service.answers.clear();
    assertFalse(failure(depositor(Answer.DENIED).deposit(WORK)).outcomeUnknown());
  }

  @Test
  void isPatientFromTheFirstWorkOn() throws Exception {
    try (Depositor depositor = depositor(Answer.BROKEN, Answer.STORED)) {
      TimeUnit.NANOSECONDS.sleep(PATIENCE.toNanos());
      assertTrue(depositor.deposit(WORK).get(20, TimeUnit.SECONDS).stored());
    }
  }

  @Test
  void closingTellsOfWorksNobodyHasAskedAbout() throws Exception {
    Depositor depositor = depositor(Answer.CONFLICT);
    assertFalse(depositor.deposit(WORK).get(20, TimeUnit.SECONDS).stored());
    depositor.close();
    Depositor unasked = depositor(Answer.CONFLICT);
    CompletableFuture<Receipt> receipt = unasked.deposit(WORK);
    ResultsException error = assertThrows(ResultsException.class, unasked::close);
    assertTrue(error.getMessage().startsWith("not stored, 1 of 1 works: p 'a'"), error.getMessage());
    assertTrue(receipt.isDone());
  }

  @Test
  void takesOnNoMoreThanCanBeKept() {
    Depositor depositor = depositor(Answer.NONE);
    List<CompletableFuture<Receipt>> taken = new ArrayList<>();
    assertThrows(
        ResultsException.class, // when it gives up
        () -> {
          while (taken.size() < 40) {
            taken.add(depositor.deposit(large("a", "")));
          }
        });
    assertEquals(16, taken.size());
  }

  @Test
  void worksWithOneIdDoNotOvertakeEachOther() {
    results.deposit(List.of(large("a", ""), large("a", "")));
    assertEquals(1, service.mostUnderWay.get());
    results.deposit(List.of(large("a", ""), large("b", "")));
    assertEquals(2, service.mostUnderWay.get());
  }

  @Test
  void aRefusalNamesWorksByTheirPositionInTheList() {
    List<Document> works = List.of(large("a", ""), large("b", "denied"));
    ResultsException error = assertThrows(ResultsException.class, () -> results.deposit(works));
    assertEquals("works[1]: not this", error.getMessage());
    assertEquals(2, error.works().size());
    assertTrue(error.outcomeUnknown());
  }

  @Test
  void worksThatAreUnderWayMayBeStored() {
    List<Document> works = List.of(large("a", "denied"), large("b", ""));
    assertTrue(assertThrows(ResultsException.class, () -> results.deposit(works)).outcomeUnknown());
    List<Document> alone = List.of(large("a", "denied"));
    assertFalse(assertThrows(ResultsException.class, () -> results.deposit(alone)).outcomeUnknown());
  }
}
