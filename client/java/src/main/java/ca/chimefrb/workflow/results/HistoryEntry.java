package ca.chimefrb.workflow.results;

import java.time.Instant;
import java.util.List;

/**
 * A change that was made of a result, or of a pipeline.
 *
 * @param time when, by the clock of the server
 * @param method what was done
 * @param caller the name of who did it; empty if the server has no tokens file
 * @param fields the top-level fields that an update set; only the first ones, if their names are long
 * @param reason why, as the caller gave it
 * @param requestId the request id that the caller gave
 * @param resultCount how many results of the pipeline the request named; 0 for a pipeline that was dropped
 * @param fieldCount how many top-level fields an update set
 */
public record HistoryEntry(
    Instant time,
    Method method,
    String caller,
    List<String> fields,
    String reason,
    String requestId,
    int resultCount,
    int fieldCount) {
  /** What changed a result or a pipeline. */
  public enum Method {
    /** {@link Results#update}. */
    UPDATE,
    /** {@link Results#deleteIds}. */
    DELETE_IDS,
    /** {@link Results#lock}. */
    LOCK,
    /** {@link Results#unlock}. */
    UNLOCK,
    /** {@link Results#dropPipeline}. */
    DROP_PIPELINE
  }
}
