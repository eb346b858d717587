package ca.chimefrb.workflow.results;

import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The connections for one kind of calls, which are unary calls or streams.
 *
 * <p>A server takes 100 calls at a time on a connection, so that further calls get further connections.
 */
final class Connections {
  /** The largest request, in bytes. */
  static final int MOST_SENT = 32 << 20;

  private static final int MOST_RECEIVED = 17 << 20;
  private static final int MOST_CALLS = 90;
  private static final long IDLE_SECONDS = 60;

  private final Settings settings;
  private final ChannelCredentials credentials;
  private final List<Connection> connections = new ArrayList<>();
  private boolean closed;

  /**
   * Begins; connects when the first call needs it.
   *
   * @throws ResultsException the files of certificates can't be used
   */
  Connections(Settings settings) {
    this.settings = settings;
    this.credentials = credentials(settings);
    connections.add(new Connection(channel(false)));
  }

  /** A connection, and how many calls are on it. */
  private static final class Connection {
    final ManagedChannel channel;
    int calls;

    Connection(ManagedChannel channel) {
      this.channel = channel;
    }
  }

  /** The room for one call, which is given back when that has ended. */
  final class Place implements AutoCloseable {
    private final Connection connection;
    private boolean left;

    private Place(Connection connection) {
      this.connection = connection;
    }

    ManagedChannel channel() {
      return connection.channel;
    }

    @Override
    public void close() {
      synchronized (Connections.this) {
        connection.calls -= left ? 0 : 1;
        left = true;
      }
    }
  }

  /** Finds room for a call. */
  synchronized Place place() throws CallFailedException {
    if (closed) {
      throw new CallFailedException(Failure.cancelled("this client is closed"));
    }
    Connection found =
        connections.stream()
            .filter(each -> each.calls < MOST_CALLS)
            .findFirst()
            .orElseGet(
                () -> {
                  connections.add(new Connection(channel(true)));
                  return connections.get(connections.size() - 1);
                });
    found.calls++;
    return new Place(found);
  }

  /** Ends all calls and connections. */
  synchronized void close() {
    closed = true;
    connections.forEach(each -> each.channel.shutdownNow());
  }

  synchronized boolean isClosed() {
    return closed;
  }

  private ManagedChannel channel(boolean further) {
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(settings.target().uri(), credentials)
            .defaultLoadBalancingPolicy("round_robin")
            .disableRetry() // retries are ours
            .maxInboundMessageSize(MOST_RECEIVED)
            .keepAliveTime(30, TimeUnit.SECONDS)
            .keepAliveTimeout(20, TimeUnit.SECONDS)
            .keepAliveWithoutCalls(true);
    if (settings.target().isLoopback()) {
      builder.proxyDetector(address -> null);
    }
    if (further) {
      builder.idleTimeout(IDLE_SECONDS, TimeUnit.SECONDS);
    }
    return builder.build();
  }

  private static ChannelCredentials credentials(Settings settings) {
    if (!settings.secure()) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
    Object what = "";
    try {
      if (settings.caFile() != null) {
        what = settings.caFile();
        tls.trustManager(PemFiles.trusted(settings.caFile()));
      }
      if (settings.certFile() != null) {
        what = settings.certFile() + " and " + settings.keyFile();
        tls.keyManager(PemFiles.identity(settings.certFile(), settings.keyFile()));
      }
      return tls.build();
    } catch (IOException | java.security.GeneralSecurityException error) {
      throw Failure.invalid(what + " can't be used: " + error.getMessage()).withCause(error).toException();
    }
  }
}
