package ca.chimefrb.workflow.results;

import io.grpc.Status;
import java.io.Serial;
import java.time.Duration;
import java.util.List;
import org.bson.RawBsonDocument;

/**
 * A call that failed.
 *
 * <p>What happened to a single work or id is no exception but in the {@link Receipt} or the {@link ChangeOutcome}.
 */
public final class ResultsException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  /** What kind of failure it is, and so what a program may do about it. */
  public enum Kind {
    /** The request breaks a rule, or does not fit the state of what is stored. The same request fails again. */
    INVALID_REQUEST,
    /** The service does not know the caller: the token, or the certificate, is missing, unknown or has expired. */
    UNAUTHENTICATED,
    /** The caller may not do this. */
    PERMISSION_DENIED,
    /** The service could not be reached, or could not answer now. The same request may succeed later. */
    UNAVAILABLE,
    /** The time for the call ended. */
    DEADLINE_EXCEEDED,
    /**
     * The caller itself ended the call: its thread was interrupted, its context cancelled, or the results or the client
     * closed.
     */
    CANCELLED,
    /** Anything else, an internal error of the server for example. */
    OTHER
  }

  private final Failure failure;

  @SuppressWarnings("serial") // the lists that come here can be serialized
  private final List<RawBsonDocument> works;

  ResultsException(Failure failure, List<RawBsonDocument> works) {
    super(failure.message(), failure.cause());
    this.failure = failure;
    this.works = works;
  }

  /**
   * What kind of failure it is.
   *
   * @return the kind
   */
  public Kind kind() {
    return failure.kind();
  }

  /**
   * The code of the gRPC status.
   *
   * @return the code; INVALID_ARGUMENT for what this client refuses itself
   */
  public Status.Code code() {
    return failure.code();
  }

  /**
   * Why the service refuses the call, or could not carry it out.
   *
   * @return the name of the {@code ErrorReason} without its prefix, such as {@code INVALID_QUERY}; empty without one
   */
  public String reason() {
    return failure.reason();
  }

  /**
   * The fields of the request that are at fault.
   *
   * @return paths such as {@code query.$where}; empty if none is named
   */
  public List<String> fields() {
    return failure.fields();
  }

  /**
   * The name of the call in the log of the server.
   *
   * @return the name; empty if the error is not from the service
   */
  public String callId() {
    return failure.callId();
  }

  /**
   * How long the service asks to wait before the request is repeated.
   *
   * @return the time; zero if it does not say
   */
  public Duration retryDelay() {
    return failure.retryDelay();
  }

  /**
   * Whether the call may have changed something.
   *
   * @return if false, it has changed nothing
   */
  public boolean outcomeUnknown() {
    return failure.outcomeUnknown();
  }

  /**
   * The works of the deposit that failed, with the ids they were sent with: depositing these again is safe.
   *
   * @return the works; empty for other calls
   */
  public List<RawBsonDocument> works() {
    return works;
  }

  /** What has failed, for code that decides what follows. */
  Failure failure() {
    return failure;
  }
}
