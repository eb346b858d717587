package ca.chimefrb.workflow.results;

/**
 * The versions and limits of a server.
 *
 * @param serverVersion the version of the server
 * @param apiVersion the version of its API: the name of the package
 * @param mongodbVersion the version of MongoDB
 * @param limits what the server accepts
 * @param checker what checks deposited works: "native" with its version, or "python"
 */
public record ServerInfo(
    String serverVersion, String apiVersion, String mongodbVersion, Limits limits, String checker) {
  /**
   * What a server accepts.
   *
   * @param messageBytes the largest request, in bytes
   * @param workBytes the largest work, in bytes of BSON
   * @param workDepth the most levels of documents and arrays in a work
   * @param pipelineLength the longest pipeline name, in characters
   * @param idLength the longest id, in characters
   * @param transactionResults the most ids or works in one all-or-nothing request
   * @param batchBytes the size that batches of results aim at, in bytes
   * @param serverSeconds the longest time for a call with one answer or the next batch, in seconds
   * @param requestWorks the most works in one request
   * @param pipelines the most pipelines, including those without results
   */
  public record Limits(
      long messageBytes,
      long workBytes,
      int workDepth,
      int pipelineLength,
      int idLength,
      int transactionResults,
      long batchBytes,
      double serverSeconds,
      int requestWorks,
      int pipelines) {}
}
