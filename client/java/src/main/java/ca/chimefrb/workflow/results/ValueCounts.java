package ca.chimefrb.workflow.results;

import java.util.List;

/**
 * The numbers of results by the values of a field.
 *
 * @param counts the values, the most frequent first, at most 1,000; of equally frequent ones, the lowest first
 * @param hasMore whether there are more values than these
 * @param otherCount how many values are not told apart: documents, lists in lists, and strings and binaries of more than
 *     1,024 bytes; each counts once for each result
 */
public record ValueCounts(List<ValueCount> counts, boolean hasMore, long otherCount) {
  /**
   * The number of results with a value.
   *
   * @param value the value, of the type that a {@code Document} has for it; may be null
   * @param count how many results have it
   */
  public record ValueCount(Object value, long count) {}
}
