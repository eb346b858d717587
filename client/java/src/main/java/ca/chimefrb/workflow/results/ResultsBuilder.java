package ca.chimefrb.workflow.results;

import java.nio.file.Path;
import java.time.Duration;
import org.bson.codecs.configuration.CodecRegistry;

/**
 * The settings of a {@link Results}.
 *
 * <p>What is not given comes from the environment, or else is a default. {@link Results#builder} makes one.
 */
public final class ResultsBuilder {
  private String target;
  private String token;
  private Boolean tls;
  private Path caFile;
  private Path certFile;
  private Path keyFile;
  private Duration timeout;
  private CodecRegistry codecs;

  ResultsBuilder() {}

  /**
   * Where the service is.
   *
   * @param target {@code host:port}, {@code unix:PATH} or {@code dns:///host:port}. Default: {@code
   *     WORKFLOW_RESULTS_TARGET}, else {@code localhost:50051}
   * @return this
   */
  public ResultsBuilder target(String target) {
    this.target = target;
    return this;
  }

  /**
   * The access token.
   *
   * @param token visible ASCII characters; empty for no token. Default: {@code WORKFLOW_RESULTS_TOKEN}, else {@code
   *     WORKFLOW_TOKEN}, else none
   * @return this
   */
  public ResultsBuilder token(String token) {
    this.token = token;
    return this;
  }

  /**
   * Whether to use TLS.
   *
   * @param tls false also ignores the files that the environment names, and allows to send a token in plain text.
   *     Default: true if one of the files is given
   * @return this
   */
  public ResultsBuilder tls(boolean tls) {
    this.tls = tls;
    return this;
  }

  /**
   * The authorities that are trusted to certify the server.
   *
   * @param caFile a file of PEM. Default: {@code WORKFLOW_RESULTS_CA_FILE}, else the well-known authorities
   * @return this
   */
  public ResultsBuilder caFile(Path caFile) {
    this.caFile = caFile;
    return this;
  }

  /**
   * The certificate of this client, with those that it depends on.
   *
   * @param certFile a file of PEM. Default: {@code WORKFLOW_RESULTS_CERT_FILE}, else none. Needs a key
   * @return this
   */
  public ResultsBuilder certFile(Path certFile) {
    this.certFile = certFile;
    return this;
  }

  /**
   * The key of the certificate of this client.
   *
   * @param keyFile a file of PEM, without a password. Default: {@code WORKFLOW_RESULTS_KEY_FILE}, else none
   * @return this
   */
  public ResultsBuilder keyFile(Path keyFile) {
    this.keyFile = keyFile;
    return this;
  }

  /**
   * The time for a call with one answer, all its attempts together.
   *
   * @param timeout the time. Reads, watches and depositors, which by default give up after 60 s without progress, give
   *     up after this time if it is shorter. Default: the seconds in {@code WORKFLOW_RESULTS_TIMEOUT}, else 15 s
   * @return this
   */
  public ResultsBuilder timeout(Duration timeout) {
    this.timeout = timeout;
    return this;
  }

  /**
   * Codecs for types of your own, in works, queries and results.
   *
   * @param codecs the codecs. They are asked before those of this client, which has codecs for {@code Document},
   *     {@code BsonDocument}, lists, maps, enums, UUIDs, the simple types and those of {@code java.time}
   * @return this
   */
  public ResultsBuilder codecs(CodecRegistry codecs) {
    this.codecs = codecs;
    return this;
  }

  /**
   * Makes the client. It connects with its first call.
   *
   * @return the client
   * @throws ResultsException settings can't be used; INVALID_REQUEST
   */
  public Results connect() {
    Settings settings =
        Settings.resolve(new Settings.Given(target, token, tls, caFile, certFile, keyFile, timeout), System.getenv());
    return new Results(new Calls(settings), new Documents(codecs), settings.timeout(), null);
  }
}
