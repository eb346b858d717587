package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.ResultsException.Kind;
import java.time.Duration;
import java.util.Set;
import java.util.function.DoubleSupplier;

/**
 * The attempts at one call, or at going on with one stream: whether what has failed is tried again, and after which
 * pause. It looks at no clock and does not sleep.
 */
final class Attempts {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

  /** What is tried again besides calls that found the service unavailable and have changed nothing. */
  enum Policy {
    /** Calls that may be carried out twice, and reads that resume. */
    IDEMPOTENT(true, false),
    /** Calls that must be carried out once. */
    ONCE(false, false),
    /** Depositors, which replace their streams. */
    STREAM_OF_DEPOSITS(true, true);

    private static final Set<String> NOT_REPEATABLE = Set.of("Update", "DeleteIds", "Lock", "Unlock");

    /** Whether calls are tried again that may have changed something. */
    private final boolean unknown;

    /** Whether calls are tried again whose deadline has passed, since that is not the deadline of all attempts. */
    private final boolean late;

    Policy(boolean unknown, boolean late) {
      this.unknown = unknown;
      this.late = late;
    }

    /**
     * The policy for a method with one answer.
     *
     * @param method its name
     * @param requestId how the caller has named the request; empty if it has no name
     */
    static Policy of(String method, String requestId) {
      return NOT_REPEATABLE.contains(method) && requestId.isEmpty() ? ONCE : IDEMPOTENT;
    }
  }

  /**
   * What follows an attempt that failed.
   *
   * @param pause how long to wait before the next attempt; null if there is none
   * @param failure what is raised if there is none
   */
  record Decision(Duration pause, Failure failure) {
    boolean again() {
      return pause != null;
    }
  }

  private final Policy policy;
  private final DoubleSupplier random;
  private Duration longest = FIRST_PAUSE;
  private Failure before;

  /**
   * Begins.
   *
   * @param policy what is tried again
   * @param random numbers from 0 to 1
   */
  Attempts(Policy policy, DoubleSupplier random) {
    this.policy = policy;
    this.random = random;
  }

  Attempts(Policy policy) {
    this(policy, Math::random);
  }

  /** Notes that the service has answered: what fails from now on has nothing to do with earlier failures. */
  void progress() {
    longest = FIRST_PAUSE;
    before = null;
  }

  /**
   * Decides what follows an attempt that failed.
   *
   * @param failed what has become of it
   * @param left the nanoseconds that are left for further attempts
   */
  Decision after(Failure failed, long left) {
    Failure earlier = before;
    boolean unknown = failed.outcomeUnknown() || (earlier != null && earlier.outcomeUnknown());
    Failure failure = failed.withOutcomeUnknown(unknown);
    before = failure;
    boolean late = failure.kind() == Kind.DEADLINE_EXCEEDED;
    if (!late && failure.kind() != Kind.UNAVAILABLE) {
      return new Decision(null, failure);
    }
    boolean refused = (late && !policy.late) || (unknown && !policy.unknown);
    Duration pause = pause(failure.retryDelay());
    if (!refused && pause.toNanos() < left) {
      return new Decision(pause, failure);
    }
    boolean earlierSaysMore = late && earlier != null && failure.reason().isEmpty();
    return new Decision(null, earlierSaysMore ? earlier.withOutcomeUnknown(unknown) : failure);
  }

  /** The next pause: longer each time, and random so that clients don't come back all at once. */
  private Duration pause(Duration atLeast) {
    Duration pause = Duration.ofNanos((long) (longest.toNanos() * (0.5 + random.getAsDouble() / 2)));
    Duration doubled = longest.multipliedBy(2);
    longest = doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
    return pause.compareTo(atLeast) < 0 ? atLeast : pause;
  }
}
