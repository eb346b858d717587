package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.GetByIdRequest;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/** Ids as they are sent. */
final class Ids {
  private static final int IN_A_REQUEST = 10_000;

  /** The order of the results: byte by byte, the highest first. */
  private static final Comparator<String> DESCENDING =
      (one, other) ->
          Arrays.compareUnsigned(
              other.getBytes(StandardCharsets.UTF_8), one.getBytes(StandardCharsets.UTF_8));

  private Ids() {}

  /**
   * Checks ids.
   *
   * @throws ResultsException one is null, or can't be sent as it is
   */
  static Collection<String> checked(Collection<String> ids) {
    CharsetEncoder utf8 = StandardCharsets.UTF_8.newEncoder();
    for (String id : ids) {
      if (id == null || !utf8.canEncode(id)) {
        throw Failure.invalid(id == null ? "ids has a null" : "ids has one that is not valid Unicode").toException();
      }
    }
    return ids;
  }

  /** Divides ids into requests, in the order of the results. There is one even without ids, which checks the rest. */
  static List<GetByIdRequest> requests(String pipeline, Collection<String> ids) {
    TreeSet<String> distinct = new TreeSet<>(DESCENDING);
    distinct.addAll(checked(ids));
    List<String> sorted = new ArrayList<>(distinct);
    List<GetByIdRequest> requests = new ArrayList<>();
    int from = 0;
    do {
      int to = Math.min(from + IN_A_REQUEST, sorted.size());
      requests.add(
          GetByIdRequest.newBuilder().setPipeline(pipeline).addAllIds(sorted.subList(from, to)).build());
      from = to;
    } while (from < sorted.size());
    return requests;
  }
}
