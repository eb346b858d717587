package ca.chimefrb.workflow.results;

import org.bson.conversions.Bson;

/**
 * Which of the results that match a query to read, and what of them.
 *
 * @param projection a MongoDB projection; null for whole results
 * @param skip how many results to skip
 * @param limit how many results to read at most; 0 for no limit
 */
public record ViewOptions(Bson projection, long skip, long limit) {
  /**
   * All results, as they are.
   *
   * @return the options
   */
  public static ViewOptions none() {
    return new ViewOptions(null, 0, 0);
  }

  /**
   * The same with a projection.
   *
   * @param projection as above
   * @return other options
   */
  public ViewOptions withProjection(Bson projection) {
    return new ViewOptions(projection, skip, limit);
  }

  /**
   * The same with results that are skipped.
   *
   * @param skip as above
   * @return other options
   */
  public ViewOptions withSkip(long skip) {
    return new ViewOptions(projection, skip, limit);
  }

  /**
   * The same with a limit.
   *
   * @param limit as above
   * @return other options
   */
  public ViewOptions withLimit(long limit) {
    return new ViewOptions(projection, skip, limit);
  }
}
