package ca.chimefrb.workflow.results;

import java.util.List;

/**
 * The outcome of an update, a deletion, a lock or an unlock, which change all results or none.
 *
 * @param applied whether all named results were changed, or were already as requested; if false, nothing was changed
 * @param refusals the results for which it was refused: the first 1,000
 * @param refusalCount for how many results it was refused in all
 * @param lockedCount of an unlock, how many of the results were locked: with force those that were unlocked now, without
 *     it those that would be; otherwise 0
 */
public record ChangeOutcome(boolean applied, List<Refusal> refusals, int refusalCount, int lockedCount) {
  /**
   * A result for which a change was refused.
   *
   * @param pipeline the pipeline of the result
   * @param id the id of the result
   * @param locked true if the result is locked; false if there is none with this id
   */
  public record Refusal(String pipeline, String id, boolean locked) {}
}
