package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.DepositRequest;
import ca.chimefrb.workflow.results.v1.DepositResponse;
import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/** The works of one call, which are sent in requests of a good size, several of which are under way at a time. */
final class Deposit {
  private static final int REQUEST_BYTES = 1 << 20;
  private static final int REQUEST_WORKS = 10_000;
  private static final int REQUESTS_IN_FLIGHT = 4;

  private final Calls calls;
  private final List<Work> works;
  private final TimeLimit limit;
  private final Receipt[] receipts;
  private final Deque<Begun> begun = new ArrayDeque<>();
  private boolean mayHaveChanged;

  Deposit(Calls calls, List<Work> works, TimeLimit limit) {
    this.calls = calls;
    this.works = works;
    this.limit = limit;
    this.receipts = new Receipt[works.size()];
  }

  /** A part of the works, by the positions of the first one and of the one behind the last one. */
  record Part(int from, int to) {}

  private record Begun(Part part, DepositRequest request, RpcStream<DepositRequest, DepositResponse> call) {}

  /**
   * Sends the works, and returns their receipts.
   *
   * @throws ResultsException the service failed; some works may be stored
   */
  List<Receipt> send() {
    int inFlight = repeatsAnId(works) ? 1 : REQUESTS_IN_FLIGHT;
    try {
      for (Part part : divided(works)) {
        receipts[part.from] = works.get(part.from).tooLarge();
        if (receipts[part.from] != null) {
          continue;
        }
        begin(part);
        if (begun.size() == inFlight) {
          finish();
        }
      }
      while (!begun.isEmpty()) {
        finish();
      }
      return List.of(receipts);
    } catch (CallFailedException error) {
      boolean unknown = mayHaveChanged || begun.stream().anyMatch(each -> each.call.isSent());
      throw error
          .failure()
          .withOutcomeUnknown(unknown || error.failure().outcomeUnknown())
          .toException(works.stream().map(Work::raw).toList());
    } finally {
      begun.forEach(each -> each.call.close());
    }
  }

  private void begin(Part part) throws CallFailedException {
    List<byte[]> documents = works.subList(part.from, part.to).stream().map(Work::bson).toList();
    DepositRequest request = DepositRequest.newBuilder().setWorks(Documents.message(documents)).build();
    begun.add(new Begun(part, request, calls.begin(ResultsServiceGrpc.getDepositMethod(), request, limit)));
  }

  private void finish() throws CallFailedException {
    Begun first = begun.remove();
    Part part = first.part;
    IntFunction<String> name = index -> "works[" + (part.from + index) + "]";
    DepositResponse response;
    try {
      response = calls.finish(first.call, ResultsServiceGrpc.getDepositMethod(), first.request, limit);
    } catch (CallFailedException error) {
      String message = Receipts.renamed(error.failure().message(), name);
      throw new CallFailedException(error.failure().withMessage(message));
    }
    mayHaveChanged = true;
    List<Receipt> made =
        Receipts.of(
            works.subList(part.from, part.to),
            response.getOutcomesList(),
            response.getRejectionsList(),
            name);
    for (int index = 0; index < made.size(); index++) {
      receipts[part.from + index] = made.get(index);
    }
  }

  /** Divides works into requests of a good size; one that is larger goes alone. */
  static List<Part> divided(List<Work> works) {
    List<Part> parts = new ArrayList<>();
    int from = 0;
    int size = 0;
    for (int position = 0; position < works.size(); position++) {
      int length = works.get(position).bson().length;
      if (position > from && (size + length > REQUEST_BYTES || position - from == REQUEST_WORKS)) {
        parts.add(new Part(from, position));
        from = position;
        size = 0;
      }
      size += length;
    }
    if (!works.isEmpty()) {
      parts.add(new Part(from, works.size()));
    }
    return parts;
  }

  /** Whether works have the same id, which are taken in their order: requests with them must not overtake each other. */
  private static boolean repeatsAnId(List<Work> works) {
    Set<List<String>> seen = new HashSet<>();
    return !works.stream().allMatch(each -> seen.add(List.of(each.pipeline(), each.id())));
  }
}
