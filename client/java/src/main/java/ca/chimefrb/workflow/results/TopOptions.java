package ca.chimefrb.workflow.results;

import org.bson.conversions.Bson;

/**
 * Which results to rank, and how many to read.
 *
 * @param query a MongoDB filter; null for every result
 * @param projection a MongoDB projection; null for whole results
 * @param limit how many results to read at most, from 1 to 10,000
 * @param ascending whether the lowest values come first, rather than the highest
 */
public record TopOptions(Bson query, Bson projection, int limit, boolean ascending) {
  private static final int DEFAULT_LIMIT = 100;

  /**
   * The 100 highest of all results.
   *
   * @return the options
   */
  public static TopOptions none() {
    return new TopOptions(null, null, DEFAULT_LIMIT, false);
  }

  /**
   * The same with a query.
   *
   * @param query as above
   * @return other options
   */
  public TopOptions withQuery(Bson query) {
    return new TopOptions(query, projection, limit, ascending);
  }

  /**
   * The same with a projection.
   *
   * @param projection as above
   * @return other options
   */
  public TopOptions withProjection(Bson projection) {
    return new TopOptions(query, projection, limit, ascending);
  }

  /**
   * The same with a limit.
   *
   * @param limit as above
   * @return other options
   */
  public TopOptions withLimit(int limit) {
    return new TopOptions(query, projection, limit, ascending);
  }

  /**
   * The same in this order.
   *
   * @param ascending as above
   * @return other options
   */
  public TopOptions withAscending(boolean ascending) {
    return new TopOptions(query, projection, limit, ascending);
  }
}
