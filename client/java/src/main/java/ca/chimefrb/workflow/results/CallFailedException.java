package ca.chimefrb.workflow.results;

import java.io.Serial;

/** An attempt that failed, on its way to what decides whether there is another one. */
final class CallFailedException extends Exception {
  @Serial private static final long serialVersionUID = 1L;

  private final transient Failure failure;

  CallFailedException(Failure failure) {
    super(failure.message(), failure.cause(), false, false);
    this.failure = failure;
  }

  Failure failure() {
    return failure;
  }
}
