package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import io.grpc.Status;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import org.bson.RawBsonDocument;

/**
 * What has become of an attempt that failed, as in {@link ResultsException}.
 *
 * @param cause what the library raised, or null
 */
@SuppressWarnings("serial") // the lists that come here can be serialized
record Failure(
    Kind kind,
    Status.Code code,
    String message,
    String reason,
    List<String> fields,
    String callId,
    Duration retryDelay,
    boolean outcomeUnknown,
    Throwable cause)
    implements Serializable {

  /** A failure that the service has not told of. */
  static Failure local(Kind kind, Status.Code code, String message) {
    return new Failure(kind, code, message, "", List.of(), "", Duration.ZERO, false, null);
  }

  /** A request that this client refuses before anything is sent. */
  static Failure invalid(String message) {
    return local(Kind.INVALID_REQUEST, Status.Code.INVALID_ARGUMENT, message);
  }

  /** A service that could not answer. */
  static Failure unavailable(String message) {
    return local(Kind.UNAVAILABLE, Status.Code.UNAVAILABLE, message);
  }

  /** What the caller itself has ended. */
  static Failure cancelled(String message) {
    return local(Kind.CANCELLED, Status.Code.CANCELLED, message);
  }

  /** What should not happen: an answer that makes no sense, or a defect. */
  static Failure other(String message) {
    return local(Kind.OTHER, Status.Code.INTERNAL, message);
  }

  Failure withOutcomeUnknown(boolean unknown) {
    return new Failure(kind, code, message, reason, fields, callId, retryDelay, unknown, cause);
  }

  Failure withMessage(String other) {
    return new Failure(kind, code, other, reason, fields, callId, retryDelay, outcomeUnknown, cause);
  }

  Failure withCause(Throwable other) {
    return new Failure(kind, code, message, reason, fields, callId, retryDelay, outcomeUnknown, other);
  }

  ResultsException toException() {
    return toException(List.of());
  }

  ResultsException toException(List<RawBsonDocument> works) {
    return new ResultsException(this, works);
  }
}
