package ca.chimefrb.workflow.results;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the service is.
 *
 * @param text as the caller has given it
 * @param uri as gRPC takes it
 * @param isLoopback whether it is this machine
 */
record Target(String text, String uri, boolean isLoopback) {
  private static final Pattern URL = Pattern.compile("(https?|grpcs?)://.*", Pattern.CASE_INSENSITIVE);
  private static final Pattern ADDRESS =
      Pattern.compile("(?:dns:(?:///)?)?(\\[[^,\\[\\]\\s]+]|[^,:/\\[\\]\\s]+):([1-9][0-9]{0,4})");
  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|127(\\.[0-9]{1,3}){3}|\\[(0{0,4}:){2,7}0{0,3}1]");

  /**
   * Reads a target.
   *
   * @param name what it is called in errors
   * @throws ResultsException it is none
   */
  static Target of(String name, String text) {
    if (URL.matcher(text).matches()) {
      String scheme = text.substring(0, text.indexOf("://") + 3);
      throw refused(name + " must be 'host:port', without '" + scheme + "': " + text);
    }
    if (text.startsWith("unix:") && text.length() > "unix:".length()) {
      return new Target(text, text, true);
    }
    Matcher address = ADDRESS.matcher(text);
    if (!address.matches() || Integer.parseInt(address.group(2)) > 65_535) {
      throw refused(name + " must be 'host:port', like 'localhost:50051' or '[::1]:50051', not '" + text + "'");
    }
    String host = address.group(1);
    try {
      String uri = new URI("dns", "", "/" + host + ":" + address.group(2), null).toString();
      return new Target(text, uri, LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches());
    } catch (URISyntaxException error) {
      throw refused(name + " is no address: " + error.getMessage());
    }
  }

  private static ResultsException refused(String message) {
    return Failure.invalid(message).toException();
  }
}
