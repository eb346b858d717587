package ca.chimefrb.workflow.results;

/**
 * What became of a deposited work.
 *
 * @param pipeline the pipeline of the work
 * @param id the id of the work, which the client has made if the work had none
 * @param outcome what became of it
 * @param reason why it is not stored, such as {@code INVALID_STATUS: status must be …}; empty if it is stored
 */
public record Receipt(String pipeline, String id, Outcome outcome, String reason) {
  /** What became of a deposited work. */
  public enum Outcome {
    /** It is stored durably, by this call. */
    DEPOSITED,
    /** It was stored before with the same content. */
    ALREADY_DEPOSITED,
    /** A result with this id is stored with other content, and was not changed. */
    CONFLICT,
    /** It breaks a rule. */
    REJECTED
  }

  /**
   * Whether the work is stored durably.
   *
   * @return true for DEPOSITED and ALREADY_DEPOSITED
   */
  public boolean stored() {
    return outcome == Outcome.DEPOSITED || outcome == Outcome.ALREADY_DEPOSITED;
  }
}
