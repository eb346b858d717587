package ca.chimefrb.workflow.results;

import com.google.protobuf.ByteString;
import java.util.Collection;
import java.util.List;
import org.bson.conversions.Bson;

/**
 * What to watch.
 *
 * @param pipelines the pipelines; empty for all that the caller may use, now or when they are created
 * @param query a MongoDB filter; null for every result
 * @param projection a MongoDB projection; null for whole results
 * @param snapshot whether the results that are there come first
 * @param resumeToken where to go on: the {@link Watch#resumeToken} of another watch, or that of a {@link Change}, for
 *     the same pipelines, query and projection; empty to begin with what happens from now on
 */
public record WatchOptions(
    List<String> pipelines, Bson query, Bson projection, boolean snapshot, ByteString resumeToken) {

  /**
   * Options, with a list of pipelines that does not change any more.
   *
   * @param pipelines as above
   * @param query as above
   * @param projection as above
   * @param snapshot as above
   * @param resumeToken as above
   */
  public WatchOptions {
    pipelines = List.copyOf(pipelines);
  }

  /**
   * All changes of all pipelines that the caller may use.
   *
   * @return the options
   */
  public static WatchOptions none() {
    return new WatchOptions(List.of(), null, null, false, ByteString.EMPTY);
  }

  /**
   * The same for some pipelines.
   *
   * @param pipelines as above
   * @return other options
   */
  public WatchOptions withPipelines(Collection<String> pipelines) {
    return new WatchOptions(List.copyOf(pipelines), query, projection, snapshot, resumeToken);
  }

  /**
   * The same with a query.
   *
   * @param query as above
   * @return other options
   */
  public WatchOptions withQuery(Bson query) {
    return new WatchOptions(pipelines, query, projection, snapshot, resumeToken);
  }

  /**
   * The same with a projection.
   *
   * @param projection as above
   * @return other options
   */
  public WatchOptions withProjection(Bson projection) {
    return new WatchOptions(pipelines, query, projection, snapshot, resumeToken);
  }

  /**
   * The same with or without a snapshot.
   *
   * @param snapshot as above
   * @return other options
   */
  public WatchOptions withSnapshot(boolean snapshot) {
    return new WatchOptions(pipelines, query, projection, snapshot, resumeToken);
  }

  /**
   * The same from a token on.
   *
   * @param resumeToken as above
   * @return other options
   */
  public WatchOptions withResumeToken(ByteString resumeToken) {
    return new WatchOptions(pipelines, query, projection, snapshot, resumeToken);
  }
}
