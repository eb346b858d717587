package ca.chimefrb.workflow.results;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  private static Settings.Given given(String target, String token, Boolean tls, Path file, Duration timeout) {
    return new Settings.Given(target, token, tls, file, null, null, timeout);
  }

  private static String refused(Settings.Given given, Map<String, String> environment) {
    return assertThrows(ResultsException.class, () -> Settings.resolve(given, environment)).getMessage();
  }

  @Test
  void hasDefaults() {
    Settings settings = Settings.resolve(given(null, null, null, null, null), Map.of());
    assertEquals("localhost:50051", settings.target().text());
    assertEquals("", settings.token());
    assertFalse(settings.secure());
    assertNull(settings.timeout());
  }

  @Test
  void readsTheEnvironment() {
    Map<String, String> environment =
        Map.of(
            "WORKFLOW_RESULTS_TARGET", "127.0.0.1:1",
            "WORKFLOW_TOKEN", "other",
            "WORKFLOW_RESULTS_TOKEN", "ours",
            "WORKFLOW_RESULTS_TIMEOUT", "1.5");
    Settings settings = Settings.resolve(given(null, null, null, null, null), environment);
    assertEquals("127.0.0.1:1", settings.target().text());
    assertEquals("ours", settings.token());
    assertEquals(Duration.ofMillis(1500), settings.timeout());
    assertEquals("", Settings.resolve(given(null, "", null, null, null), environment).token());
  }

  @Test
  void aTokenStaysWithinTheMachineUnlessItIsWanted() {
    assertTrue(refused(given("far:1", "secret", null, null, null), Map.of()).contains("plain text"));
    assertEquals("secret", Settings.resolve(given("far:1", "secret", false, null, null), Map.of()).token());
    assertTrue(Settings.resolve(given("far:1", "secret", true, null, null), Map.of()).secure());
    assertFalse(
        Settings.resolve(given("far:1", "secret", true, null, null), Map.of()).toString().contains("secret"));
  }

  @Test
  void filesTurnTlsOn(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("ca.pem"), "");
    Map<String, String> environment = Map.of("WORKFLOW_RESULTS_CA_FILE", file.toString());
    assertTrue(Settings.resolve(given(null, null, null, null, null), environment).secure());
    assertFalse(Settings.resolve(given(null, null, false, null, null), environment).secure());
    assertTrue(refused(given(null, null, false, file, null), Map.of()).contains("tls(false)"));
  }

  @Test
  void namesFilesThatAreNotThere() {
    String message =
        refused(given(null, null, null, null, null), Map.of("WORKFLOW_RESULTS_CA_FILE", "/nowhere/ca.pem"));
    assertTrue(message.contains("/nowhere/ca.pem") && message.contains("WORKFLOW_RESULTS_CA_FILE"), message);
  }

  @Test
  void aCertificateNeedsAKey() {
    Settings.Given given = new Settings.Given(null, null, null, null, Path.of("/c"), null, null);
    assertTrue(refused(given, Map.of()).contains("belong together"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "0", "-1", "NaN", "Infinity", "1 s", "0x1p3"})
  void refusesTimesThatAreNone(String text) {
    Map<String, String> environment = Map.of("WORKFLOW_RESULTS_TIMEOUT", text);
    assertTrue(refused(given(null, null, null, null, null), environment).contains("WORKFLOW_RESULTS_TIMEOUT"));
  }

  @Test
  void shortensLongTimes() {
    Duration long_ = Duration.ofSeconds(Long.MAX_VALUE);
    assertEquals(
        Duration.ofDays(366), Settings.resolve(given(null, null, null, null, long_), Map.of()).timeout());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:5 1", "a:b:1", "http://h:1",
        "GRPCS://h:1", "h:1,i:2", "[::1:5"
      })
  void refusesTargetsThatAreNone(String text) {
    assertTrue(refused(given(text, null, null, null, null), Map.of()).startsWith("target"));
  }

  @ParameterizedTest
  @CsvSource({
    "localhost:1, dns:///localhost:1, true",
    "LOCALHOST:1, dns:///LOCALHOST:1, true",
    "127.9.9.9:1, dns:///127.9.9.9:1, true",
    "[::1]:1, dns:///%5B::1%5D:1, true",
    "[::2]:1, dns:///%5B::2%5D:1, false",
    "results.example:443, dns:///results.example:443, false",
    "dns:///results.example:443, dns:///results.example:443, false",
    "dns:localhost:443, dns:///localhost:443, true",
    "unix:/run/results.sock, unix:/run/results.sock, true"
  })
  void takesTargets(String text, String uri, boolean loopback) {
    Target target = Target.of("target", text);
    assertEquals(uri, target.uri());
    assertEquals(loopback, target.isLoopback());
  }

  @Test
  void furtherCallsGetFurtherConnections() throws CallFailedException {
    Settings.Given given = new Settings.Given("localhost:1", "", false, null, null, null, null);
    Connections connections = new Connections(Settings.resolve(given, Map.of()));
    Connections.Place first = connections.place();
    for (int calls = 1; calls < 90; calls++) {
      assertSame(first.channel(), connections.place().channel());
    }
    assertNotSame(first.channel(), connections.place().channel());
    first.close();
    first.close();
    assertSame(first.channel(), connections.place().channel());
    assertNotSame(first.channel(), connections.place().channel());
    connections.close();
  }
}
