package ca.chimefrb.workflow.results;

import com.google.protobuf.ByteString;
import java.time.Instant;
import java.util.List;

/**
 * A change of a result.
 *
 * @param kind what happened
 * @param pipeline the pipeline of the result
 * @param id the id of the result
 * @param result the result as it is when the change is told; null for DELETED, UNMATCHED, DROPPED and SNAPSHOT_COMPLETE
 * @param time when, by the clock of the server or of MongoDB; null for EXISTING and SNAPSHOT_COMPLETE
 * @param caller the name of who made it; empty where the server does not know it
 * @param reason why it was made, as the caller gave it
 * @param fields the top-level fields that an update set
 * @param resumeToken what to give to another watch for going on behind this change
 * @param <T> the type of the results
 */
public record Change<T>(
    ChangeKind kind,
    String pipeline,
    String id,
    T result,
    Instant time,
    String caller,
    String reason,
    List<String> fields,
    ByteString resumeToken) {}
