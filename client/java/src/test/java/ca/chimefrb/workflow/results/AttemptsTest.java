package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ca.chimefrb.workflow.results.Attempts.Policy;
import ca.chimefrb.workflow.results.ResultsException.Kind;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AttemptsTest {
  private static final Failure KNOWN = Failure.unavailable("nothing was changed");
  private static final Failure UNKNOWN = KNOWN.withOutcomeUnknown(true);
  private static final Failure LATE =
      Failure.local(Kind.DEADLINE_EXCEEDED, Status.Code.DEADLINE_EXCEEDED, "late");

  private static Attempts attempts(Policy policy) {
    return new Attempts(policy, () -> 1.0);
  }

  @ParameterizedTest
  @CsvSource({
    "IDEMPOTENT, true, true, false",
    "ONCE, true, false, false",
    "STREAM_OF_DEPOSITS, true, true, true"
  })
  void triesAgainAsTheTableSays(Policy policy, boolean known, boolean unknown, boolean late) {
    assertEquals(known, attempts(policy).after(KNOWN, Long.MAX_VALUE).again());
    assertEquals(unknown, attempts(policy).after(UNKNOWN, Long.MAX_VALUE).again());
    assertEquals(late, attempts(policy).after(LATE, Long.MAX_VALUE).again());
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"UNAVAILABLE", "DEADLINE_EXCEEDED"},
      mode = EnumSource.Mode.EXCLUDE)
  void raisesOtherErrors(Kind kind) {
    Failure failure = Failure.local(kind, Status.Code.UNKNOWN, "no");
    assertFalse(attempts(Policy.STREAM_OF_DEPOSITS).after(failure, Long.MAX_VALUE).again());
  }

  @Test
  void pausesGrowUpToTwoSecondsAndBeginAnewAfterProgress() {
    Attempts attempts = attempts(Policy.IDEMPOTENT);
    List<Long> expected = List.of(50L, 100L, 200L, 400L, 800L, 1600L, 2000L, 2000L);
    for (long each : expected) {
      assertEquals(Duration.ofMillis(each), attempts.after(KNOWN, Long.MAX_VALUE).pause());
    }
    attempts.progress();
    assertEquals(Duration.ofMillis(50), attempts.after(KNOWN, Long.MAX_VALUE).pause());
  }

  @Test
  void pausesAreAtLeastHalfAsLong() {
    Attempts attempts = new Attempts(Policy.IDEMPOTENT, () -> 0.0);
    assertEquals(Duration.ofMillis(25), attempts.after(KNOWN, Long.MAX_VALUE).pause());
  }

  @Test
  void pausesAsLongAsTheServiceAsks() {
    Failure busy =
        new Failure(
            Kind.UNAVAILABLE, Status.Code.UNAVAILABLE, "", "OVERLOADED", List.of(), "", Duration.ofSeconds(7), false, null);
    assertEquals(Duration.ofSeconds(7), attempts(Policy.IDEMPOTENT).after(busy, Long.MAX_VALUE).pause());
    assertFalse(attempts(Policy.IDEMPOTENT).after(busy, Duration.ofSeconds(7).toNanos()).again());
  }

  @Test
  void anEarlierAttemptCountsForTheOutcome() {
    Attempts attempts = attempts(Policy.IDEMPOTENT);
    attempts.after(UNKNOWN, Long.MAX_VALUE);
    assertTrue(attempts.after(KNOWN, 0).failure().outcomeUnknown());
  }

  @ParameterizedTest
  @EnumSource(Policy.class)
  void raisesTheErrorBeforeTheTimeEnded(Policy policy) {
    Attempts attempts = attempts(policy);
    attempts.after(KNOWN, Long.MAX_VALUE);
    Attempts.Decision decision = attempts.after(LATE.withOutcomeUnknown(true), 0);
    assertFalse(decision.again());
    assertEquals(Kind.UNAVAILABLE, decision.failure().kind());
    assertTrue(decision.failure().outcomeUnknown());
  }

  @Test
  void changesWithoutARequestIdAreMadeOnce() {
    assertEquals(Policy.ONCE, Policy.of("Lock", ""));
    assertEquals(Policy.IDEMPOTENT, Policy.of("Lock", "r"));
    assertEquals(Policy.IDEMPOTENT, Policy.of("Deposit", ""));
  }
}
