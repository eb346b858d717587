package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** From the statuses of gRPC to failures: one table. */
final class RpcFailures {
  private static final String DOMAIN = "workflow-results";
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(60);

  /** The methods that change something. */
  private static final Set<String> CHANGING =
      Set.of(
          "Deposit",
          "DepositStream",
          "Update",
          "DeleteIds",
          "Lock",
          "Unlock",
          "CreateIndex",
          "DropIndex",
          "DropPipeline");

  /** Answers to calls that were refused. After others, those of proxies too, a change may have been made. */
  private static final Set<Status.Code> NOTHING_DONE =
      Set.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.FAILED_PRECONDITION,
          Status.Code.UNAUTHENTICATED,
          Status.Code.PERMISSION_DENIED,
          Status.Code.UNIMPLEMENTED,
          Status.Code.RESOURCE_EXHAUSTED);

  /** How gRPC tells of a call over the server's limit for a connection, which was not even looked at. */
  private static final Pattern REFUSED_STREAM = Pattern.compile("\\bREFUSED_STREAM\\b");

  /** How gRPC tells, with the status INTERNAL, of a stream that was reset, as proxies do that have lost the service. */
  private static final Pattern RESET = Pattern.compile("\\bRST_STREAM\\b|\\bRst Stream\\b");

  private RpcFailures() {}

  /**
   * An attempt at a call.
   *
   * @param method its name
   * @param target where it was made
   * @param timeout the time it had, or null for no limit
   * @param sent whether any of it was sent
   */
  record Attempt(String method, String target, Duration timeout, boolean sent) {
    boolean mayHaveChanged() {
      return sent && CHANGING.contains(method);
    }
  }

  /** Puts a status into the terms of this client. */
  static Failure of(Status status, Metadata trailers, Attempt attempt) {
    Details details = Details.of(status, trailers);
    Status.Code code = code(status);
    Kind kind = kind(code);
    boolean unknown =
        attempt.mayHaveChanged()
            && !NOTHING_DONE.contains(code)
            && !"NOT_APPLIED".equals(details.info.getMetadataOrDefault("outcome", ""))
            && !REFUSED_STREAM.matcher(text(status)).find();
    return new Failure(
        kind,
        code,
        message(status, kind, details.info.getReason(), attempt),
        details.info.getReason(),
        details.fields,
        details.info.getMetadataOrDefault("call_id", ""),
        details.delay,
        unknown,
        status.asRuntimeException(trailers));
  }

  /**
   * The code of a status, which is UNAVAILABLE where a stream broke. Of a connection that is lost while a call is
   * written to it, gRPC may say UNKNOWN (grpc-java's issue 10120); a status that a server has sent has no cause.
   */
  static Status.Code code(Status status) {
    boolean lost = status.getCode() == Status.Code.UNKNOWN && status.getCause() instanceof ClosedChannelException;
    boolean reset = status.getCode() == Status.Code.INTERNAL && RESET.matcher(text(status)).find();
    return lost || reset ? Status.Code.UNAVAILABLE : status.getCode();
  }

  private static Kind kind(Status.Code code) {
    return switch (code) {
      case INVALID_ARGUMENT, FAILED_PRECONDITION -> Kind.INVALID_REQUEST;
      case UNAUTHENTICATED -> Kind.UNAUTHENTICATED;
      case PERMISSION_DENIED -> Kind.PERMISSION_DENIED;
      // A call that this client has cancelled does not come here: others cancel those that a server has not taken on.
      case UNAVAILABLE, CANCELLED -> Kind.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Kind.DEADLINE_EXCEEDED;
      default -> Kind.OTHER;
    };
  }

  private static String message(Status status, Kind kind, String reason, Attempt attempt) {
    String told = text(status);
    String where = attempt.method + " at " + attempt.target;
    if (!reason.isEmpty()) {
      String hint = reason.equals("TOKEN_MISSING") ? " (token(…) or WORKFLOW_RESULTS_TOKEN)" : "";
      boolean aboutTheRequest = kind == Kind.INVALID_REQUEST || kind == Kind.PERMISSION_DENIED;
      return (aboutTheRequest ? told : where + ": " + told) + hint;
    }
    if (kind == Kind.DEADLINE_EXCEEDED) {
      String limit =
          attempt.timeout == null ? "the time limit of a proxy" : "its timeout of " + seconds(attempt.timeout);
      return where + " took longer than " + limit;
    }
    if (kind == Kind.UNAVAILABLE) {
      return "the connection to " + attempt.target + " failed: " + told;
    }
    if (status.getCode() == Status.Code.UNIMPLEMENTED) {
      return attempt.target
          + " does not offer "
          + attempt.method
          + ": is it a Workflow Results server, and not older than this client?";
    }
    return where + " failed with " + status.getCode() + ": " + told;
  }

  private static String text(Status status) {
    if (status.getDescription() == null) {
      return status.getCause() == null ? "" : status.getCause().toString();
    }
    return status.getDescription();
  }

  /** Writes a time as people read it. */
  static String seconds(Duration time) {
    double seconds = time.toNanos() / 1e9;
    return (seconds == Math.rint(seconds) ? Long.toString((long) seconds) : Double.toString(seconds)) + " s";
  }

  /** What the service says about an error; nothing if it is not from the service. */
  private record Details(ErrorInfo info, List<String> fields, Duration delay) {
    private static final Details NONE = new Details(ErrorInfo.getDefaultInstance(), List.of(), Duration.ZERO);

    static Details of(Status status, Metadata trailers) {
      try {
        com.google.rpc.Status told = StatusProto.fromStatusAndTrailers(status, trailers);
        ErrorInfo info = find(told.getDetailsList(), ErrorInfo.getDefaultInstance());
        if (!info.getDomain().equals(DOMAIN)) {
          return NONE;
        }
        List<String> fields =
            find(told.getDetailsList(), BadRequest.getDefaultInstance()).getFieldViolationsList().stream()
                .map(BadRequest.FieldViolation::getField)
                .toList();
        RetryInfo retry = find(told.getDetailsList(), RetryInfo.getDefaultInstance());
        Duration delay =
            Duration.ofSeconds(retry.getRetryDelay().getSeconds(), retry.getRetryDelay().getNanos());
        return new Details(info, fields, shortened(delay));
      } catch (InvalidProtocolBufferException | IllegalArgumentException | ArithmeticException error) {
        return NONE;
      }
    }

    private static Duration shortened(Duration delay) {
      return delay.isNegative() ? Duration.ZERO : delay.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : delay;
    }

    @SuppressWarnings("unchecked") // of the class of the default
    private static <M extends com.google.protobuf.Message> M find(List<Any> details, M otherwise)
        throws InvalidProtocolBufferException {
      for (Any each : details) {
        if (each.is(otherwise.getClass())) {
          return (M) each.unpack(otherwise.getClass());
        }
      }
      return otherwise;
    }
  }
}
