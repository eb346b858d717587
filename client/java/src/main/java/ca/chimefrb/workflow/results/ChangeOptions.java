package ca.chimefrb.workflow.results;

/**
 * What else is said of an update, a deletion, a lock or an unlock.
 *
 * @param reason why it is made, for the history of the results: at most 1,000 characters, without NUL; empty for none
 * @param requestId up to 64 visible ASCII characters that the caller uses for no other request, such as a UUID; empty
 *     for none. With it, the client repeats a call whose outcome is unknown, and so may the caller: what was done is not
 *     done again, and gets the same answer
 */
public record ChangeOptions(String reason, String requestId) {
  /**
   * No reason and no request id.
   *
   * @return the options
   */
  public static ChangeOptions none() {
    return new ChangeOptions("", "");
  }

  /**
   * The same with a reason.
   *
   * @param reason as above
   * @return other options
   */
  public ChangeOptions withReason(String reason) {
    return new ChangeOptions(reason, requestId);
  }

  /**
   * The same with a request id.
   *
   * @param requestId as above
   * @return other options
   */
  public ChangeOptions withRequestId(String requestId) {
    return new ChangeOptions(reason, requestId);
  }
}
