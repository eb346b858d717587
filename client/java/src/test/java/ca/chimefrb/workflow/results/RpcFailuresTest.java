package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RpcFailuresTest {
  private static final RpcFailures.Attempt LOCK =
      new RpcFailures.Attempt("Lock", "host:1", Duration.ofSeconds(15), true);

  private static Failure told(Status.Code code, RpcFailures.Attempt attempt, Message... details) {
    com.google.rpc.Status.Builder status =
        com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage("as told");
    for (Message each : details) {
      status.addDetails(Any.pack(each));
    }
    StatusRuntimeException error = StatusProto.toStatusRuntimeException(status.build());
    return RpcFailures.of(error.getStatus(), error.getTrailers(), attempt);
  }

  private static ErrorInfo.Builder info(String reason) {
    return ErrorInfo.newBuilder().setDomain("workflow-results").setReason(reason);
  }

  @ParameterizedTest
  @CsvSource({
    "INVALID_ARGUMENT, INVALID_REQUEST, false",
    "FAILED_PRECONDITION, INVALID_REQUEST, false",
    "UNAUTHENTICATED, UNAUTHENTICATED, false",
    "PERMISSION_DENIED, PERMISSION_DENIED, false",
    "RESOURCE_EXHAUSTED, OTHER, false",
    "UNIMPLEMENTED, OTHER, false",
    "UNAVAILABLE, UNAVAILABLE, true",
    "CANCELLED, UNAVAILABLE, true",
    "DEADLINE_EXCEEDED, DEADLINE_EXCEEDED, true",
    "INTERNAL, OTHER, true",
    "DATA_LOSS, OTHER, true"
  })
  void eachCodeHasAKind(Status.Code code, Kind kind, boolean unknown) {
    Failure failure = RpcFailures.of(code.toStatus().withDescription("no"), new Metadata(), LOCK);
    assertEquals(kind, failure.kind());
    assertEquals(code, failure.code());
    assertEquals(unknown, failure.outcomeUnknown());
    assertEquals("", failure.reason());
  }

  @Test
  void readsTheDetails() {
    Failure failure =
        told(
            Status.Code.UNAVAILABLE,
            LOCK,
            info("OVERLOADED").putMetadata("call_id", "c").putMetadata("outcome", "NOT_APPLIED").build(),
            BadRequest.newBuilder()
                .addFieldViolations(BadRequest.FieldViolation.newBuilder().setField("ids"))
                .build(),
            RetryInfo.newBuilder()
                .setRetryDelay(com.google.protobuf.Duration.newBuilder().setNanos(500_000_000))
                .build());
    assertEquals("OVERLOADED", failure.reason());
    assertEquals("c", failure.callId());
    assertEquals(List.of("ids"), failure.fields());
    assertEquals(Duration.ofMillis(500), failure.retryDelay());
    assertFalse(failure.outcomeUnknown());
    assertEquals("Lock at host:1: as told", failure.message());
  }

  @Test
  void waitsAMinuteAtMost() {
    RetryInfo.Builder long_ = RetryInfo.newBuilder();
    long_.getRetryDelayBuilder().setSeconds(3600);
    Failure failure = told(Status.Code.UNAVAILABLE, LOCK, info("OVERLOADED").build(), long_.build());
    assertEquals(Duration.ofSeconds(60), failure.retryDelay());
  }

  @Test
  void ignoresDetailsOfOthers() {
    Failure failure =
        told(Status.Code.UNAVAILABLE, LOCK, ErrorInfo.newBuilder().setDomain("proxy").setReason("NO").build());
    assertEquals("", failure.reason());
    assertTrue(failure.outcomeUnknown());
  }

  @Test
  void whatWasNotSentHasChangedNothing() {
    RpcFailures.Attempt unsent = new RpcFailures.Attempt("Lock", "host:1", null, false);
    assertFalse(RpcFailures.of(Status.UNAVAILABLE, new Metadata(), unsent).outcomeUnknown());
  }

  @Test
  void readsHaveChangedNothing() {
    RpcFailures.Attempt view = new RpcFailures.Attempt("View", "host:1", null, true);
    assertFalse(RpcFailures.of(Status.UNAVAILABLE, new Metadata(), view).outcomeUnknown());
  }

  @Test
  void aStreamThatTheServerRefusesHasChangedNothing() {
    Status refused = Status.UNAVAILABLE.withDescription("Rst Stream, HTTP/2 error code: REFUSED_STREAM");
    assertFalse(RpcFailures.of(refused, new Metadata(), LOCK).outcomeUnknown());
  }

  @Test
  void aConnectionThatIsLostDuringAWriteIsUnavailable() {
    Status lost = Status.UNKNOWN.withDescription("channel closed").withCause(new ClosedChannelException());
    Failure failure = RpcFailures.of(lost, new Metadata(), LOCK);
    assertEquals(Kind.UNAVAILABLE, failure.kind());
    assertEquals(Status.Code.UNAVAILABLE, failure.code());
    assertTrue(failure.outcomeUnknown());
    assertEquals("the connection to host:1 failed: channel closed", failure.message());

    Status sent = Status.UNKNOWN.withDescription("channel closed");
    assertEquals(Kind.OTHER, RpcFailures.of(sent, new Metadata(), LOCK).kind());
  }

  @ParameterizedTest
  @ValueSource(strings = {"RST_STREAM closed stream. HTTP/2 error code: INTERNAL_ERROR", "Received Rst Stream"})
  void aStreamThatAProxyResetsIsUnavailable(String told) {
    Failure failure = RpcFailures.of(Status.INTERNAL.withDescription(told), new Metadata(), LOCK);
    assertEquals(Kind.UNAVAILABLE, failure.kind());
    assertTrue(failure.outcomeUnknown());
  }

  @Test
  void namesTheTime() {
    Failure failure = RpcFailures.of(Status.DEADLINE_EXCEEDED, new Metadata(), LOCK);
    assertEquals("Lock at host:1 took longer than its timeout of 15 s", failure.message());
    assertEquals("0.25 s", RpcFailures.seconds(Duration.ofMillis(250)));
  }
}
