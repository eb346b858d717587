package ca.chimefrb.workflow.results;

import io.grpc.Status;
import java.time.Duration;
import java.util.regex.Pattern;

/** Why nothing answers, in words that help. */
final class Reachability {
  private static final Pattern UNTRUSTED =
      Pattern.compile("certification path|PathValidat|CertPath|certificate expired|NotAfter|unknown_ca");
  private static final Pattern MISNAMED =
      Pattern.compile("No subject alternative|No name matching|hostname", Pattern.CASE_INSENSITIVE);
  private static final Pattern PLAIN =
      Pattern.compile("not an SSL/TLS record|NotSslRecord|wrong version number", Pattern.CASE_INSENSITIVE);
  private static final Pattern CLOSED =
      Pattern.compile(
          "connection reset|closed|alert|broken pipe|eof|http2 exception|not HTTP", Pattern.CASE_INSENSITIVE);

  private static final Pattern UNRESOLVED = Pattern.compile("Unable to resolve host");

  private Reachability() {}

  /**
   * Explains why nothing has answered.
   *
   * @param secure whether the connection was to be made with TLS
   * @param time the time there was
   * @param told what gRPC reports
   */
  static String explain(String target, boolean secure, Duration time, String told) {
    String hint = secure ? handshakeHint(told) : "";
    if (!hint.isEmpty()) {
      return "no connection to " + target + " within " + RpcFailures.seconds(time) + ": " + hint + ". Reported: " + told;
    }
    return "nothing answers at "
        + target
        + " within "
        + RpcFailures.seconds(time)
        + ". Is the server running there (workflow-results serve), and is this its address (target,"
        + " WORKFLOW_RESULTS_TARGET)?"
        + (UNRESOLVED.matcher(told).find() ? " Its name is not known here." : "")
        + (CLOSED.matcher(told).find() ? closingHint(secure) : "");
  }

  private static String handshakeHint(String told) {
    if (UNTRUSTED.matcher(told).find()) {
      return "the server's certificate is not trusted: it may have expired, or caFile (WORKFLOW_RESULTS_CA_FILE) is not"
          + " its authority";
    }
    if (MISNAMED.matcher(told).find()) {
      return "the server's certificate is for another name: use a name that is in its certificate";
    }
    if (PLAIN.matcher(told).find()) {
      return "the server uses plain text: omit tls(true), caFile, certFile and keyFile";
    }
    return "";
  }

  private static String closingHint(boolean secure) {
    return secure
        ? " Or does it require a client certificate that has not expired, from an authority that it trusts (certFile"
            + " and keyFile; WORKFLOW_RESULTS_CERT_FILE and WORKFLOW_RESULTS_KEY_FILE)?"
        : " Or does it require TLS? Then set caFile (WORKFLOW_RESULTS_CA_FILE) to the authority of its certificate, or"
            + " tls(true) if that is a well-known one.";
  }

  /** What a status and its causes say. */
  static String causes(Status status) {
    StringBuilder told = new StringBuilder(String.valueOf(status.getDescription()).lines().findFirst().orElse(""));
    for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
      told.append(": ").append(cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage());
    }
    return told.toString();
  }
}
