package ca.chimefrb.workflow.results;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The settings of a client, from its arguments and the environment.
 *
 * @param target where the service is
 * @param token the access token; empty for none
 * @param secure whether the connection is made with TLS
 * @param caFile the authorities to trust, or null for the well-known ones
 * @param certFile the certificate of the client, or null
 * @param keyFile its key, or null
 * @param timeout the time that was chosen for a call, or null for the default
 */
record Settings(
    Target target, String token, boolean secure, Path caFile, Path certFile, Path keyFile, Duration timeout) {
  private static final String DEFAULT_TARGET = "localhost:50051";

  /** More than anybody waits, and few enough nanoseconds to be counted. */
  private static final Duration LONGEST_TIMEOUT = Duration.ofDays(366);

  private static final Pattern SECONDS = Pattern.compile("\\+?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
  private static final Pattern VISIBLE = Pattern.compile("[!-~]*");

  /** What a caller has given; null for what is not given. */
  record Given(
      String target, String token, Boolean tls, Path caFile, Path certFile, Path keyFile, Duration timeout) {}

  /** A setting, and what it is called where it comes from. */
  private record Named<T>(String name, T value) {}

  /**
   * Finds the settings.
   *
   * @throws ResultsException some can't be used
   */
  static Settings resolve(Given given, Map<String, String> environment) {
    Named<String> target = text("target", given.target, environment, "WORKFLOW_RESULTS_TARGET");
    Target found = Target.of(target.name, target.value == null ? DEFAULT_TARGET : target.value);
    Named<String> token =
        text("token", given.token, environment, "WORKFLOW_RESULTS_TOKEN", "WORKFLOW_TOKEN");
    String secret = token.value == null ? "" : token.value;
    if (!VISIBLE.matcher(secret).matches()) {
      throw refused(token.name + " must have visible ASCII characters only, and no spaces");
    }
    Duration timeout = timeout(given.timeout, environment);
    if (Boolean.FALSE.equals(given.tls)) {
      String file = given.caFile != null ? "caFile" : given.certFile != null ? "certFile" : "keyFile";
      if (given.caFile != null || given.certFile != null || given.keyFile != null) {
        throw refused(file + " can't be used with tls(false): omit one of them");
      }
      return new Settings(found, secret, false, null, null, null, timeout);
    }
    Named<Path> ca = file("caFile", "ca_file", given.caFile, environment);
    Named<Path> cert = file("certFile", "cert_file", given.certFile, environment);
    Named<Path> key = file("keyFile", "key_file", given.keyFile, environment);
    if ((cert.value == null) != (key.value == null)) {
      throw refused(
          cert.name + " (cert_file) and " + key.name + " (key_file) belong together: give both or neither");
    }
    boolean secure = Boolean.TRUE.equals(given.tls) || ca.value != null || cert.value != null;
    if (!secret.isEmpty() && !secure && !found.isLoopback()) {
      throw refused(
          "the token would be sent to "
              + found.text()
              + " in plain text, which others on the network can read: set caFile (or WORKFLOW_RESULTS_CA_FILE) to the"
              + " authority of the server's certificate, or tls(true) if that is a well-known one; token(\"\") sends no"
              + " token, tls(false) sends it anyway");
    }
    return new Settings(
        found, secret, secure, readable(ca), readable(cert), readable(key), timeout);
  }

  private static Named<String> text(
      String name, String given, Map<String, String> environment, String... variables) {
    if (given != null) {
      return new Named<>(name, given);
    }
    for (String variable : variables) {
      String value = environment.getOrDefault(variable, "");
      if (!value.isEmpty()) {
        return new Named<>(variable, value);
      }
    }
    return new Named<>(name, null);
  }

  private static Named<Path> file(String name, String option, Path given, Map<String, String> environment) {
    String variable = "WORKFLOW_RESULTS_" + option.toUpperCase(java.util.Locale.ROOT);
    Named<String> found = text(name, given == null ? null : given.toString(), environment, variable);
    if (found.value != null && found.value.isEmpty()) {
      throw refused(name + " must be the path of a file");
    }
    return new Named<>(found.name, found.value == null ? null : Path.of(found.value));
  }

  private static Path readable(Named<Path> file) {
    if (file.value != null && !(Files.isRegularFile(file.value) && Files.isReadable(file.value))) {
      String problem = Files.exists(file.value) ? "can't be read" : "does not exist";
      throw refused(file.name + ": the file " + file.value + " " + problem);
    }
    return file.value;
  }

  private static Duration timeout(Duration given, Map<String, String> environment) {
    String text = environment.getOrDefault("WORKFLOW_RESULTS_TIMEOUT", "");
    if (given != null || text.isEmpty()) {
      return given == null ? null : checkedTimeout("timeout", given);
    }
    double seconds = SECONDS.matcher(text).matches() ? Double.parseDouble(text) : 0;
    double shortened = Math.min(seconds, (double) LONGEST_TIMEOUT.toSeconds());
    return checkedTimeout("WORKFLOW_RESULTS_TIMEOUT", Duration.ofNanos((long) (shortened * 1e9)));
  }

  /**
   * Checks a time.
   *
   * @throws ResultsException it is not positive
   */
  static Duration checkedTimeout(String name, Duration time) {
    if (time.isNegative() || time.isZero()) {
      throw refused(name + " must be a positive time");
    }
    return time.compareTo(LONGEST_TIMEOUT) > 0 ? LONGEST_TIMEOUT : time;
  }

  private static ResultsException refused(String message) {
    return Failure.invalid(message).toException();
  }

  /** What is shown of it, without the token. */
  @Override
  public String toString() {
    return "Settings[" + target.text() + (secure ? ", TLS" : "") + (token.isEmpty() ? "" : ", a token") + "]";
  }
}
