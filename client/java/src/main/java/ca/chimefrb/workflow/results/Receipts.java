package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.Receipt.Outcome;
import ca.chimefrb.workflow.results.v1.DepositOutcome;
import ca.chimefrb.workflow.results.v1.Rejection;
import ca.chimefrb.workflow.results.v1.RejectionReason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Answers to deposits as receipts. */
final class Receipts {
  private static final String CONFLICT = "a result with this id is stored with other content";
  private static final Pattern POSITION = Pattern.compile("works\\[(\\d{1,6})](\\.|: )");

  private Receipts() {}

  /**
   * Makes the receipts of a request.
   *
   * @param works those of the request
   * @param outcomes the outcome of each
   * @param rejections why some were rejected
   * @param name what a work is called in reasons, by its position in the request; empty if it has no name
   * @throws CallFailedException an outcome is missing or unknown
   */
  static List<Receipt> of(
      List<Work> works, List<DepositOutcome> outcomes, List<Rejection> rejections, IntFunction<String> name)
      throws CallFailedException {
    if (outcomes.size() != works.size()) {
      throw new CallFailedException(
          Failure.other("the service returned " + outcomes.size() + " outcomes for " + works.size() + " works")
              .withOutcomeUnknown(true));
    }
    Map<Integer, String> reasons = new HashMap<>();
    for (Rejection each : rejections) {
      reasons.put(each.getIndex(), reason(each) + ": " + renamed(each.getMessage(), name));
    }
    List<Receipt> receipts = new ArrayList<>();
    for (int index = 0; index < works.size(); index++) {
      Outcome outcome = outcome(outcomes.get(index));
      String reason = reasons.getOrDefault(index, outcome == Outcome.CONFLICT ? CONFLICT : "");
      receipts.add(new Receipt(works.get(index).pipeline(), works.get(index).id(), outcome, reason));
    }
    return receipts;
  }

  /** Replaces the positions that works had in their request; an empty name leaves them out. */
  static String renamed(String message, IntFunction<String> name) {
    return POSITION
        .matcher(message)
        .replaceAll(
            found -> {
              String work = name.apply(Integer.parseInt(found.group(1)));
              return work.isEmpty() ? "" : Matcher.quoteReplacement(work + found.group(2));
            });
  }

  private static Outcome outcome(DepositOutcome outcome) throws CallFailedException {
    return switch (outcome) {
      case DEPOSIT_OUTCOME_DEPOSITED -> Outcome.DEPOSITED;
      case DEPOSIT_OUTCOME_ALREADY_DEPOSITED -> Outcome.ALREADY_DEPOSITED;
      case DEPOSIT_OUTCOME_CONFLICT -> Outcome.CONFLICT;
      case DEPOSIT_OUTCOME_REJECTED -> Outcome.REJECTED;
      default ->
          throw new CallFailedException(
              Failure.other("the service returned an outcome that this client does not know: is it older than the server?")
                  .withOutcomeUnknown(true));
    };
  }

  private static String reason(Rejection rejection) {
    return rejection.getReason() == RejectionReason.UNRECOGNIZED
        ? "REJECTED" // by a newer server, whose message explains it
        : rejection.getReason().name().substring("REJECTION_REASON_".length());
  }
}
