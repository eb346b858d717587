package ca.chimefrb.workflow.results;

import ca.chimefrb.workflow.results.v1.ResultsServiceGrpc;
import ca.chimefrb.workflow.results.v1.WatchRequest;
import ca.chimefrb.workflow.results.v1.WatchResponse;
import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bson.codecs.Codec;

/**
 * Changes of results as they are made.
 *
 * <p>The service has begun to watch before {@link Results#watch} returns: every change that is made from then on comes.
 * The iterator waits for the next change until this is closed. When a connection breaks or a server restarts, it goes on
 * behind the last change; a change may come twice, and none is lost.
 *
 * <p>It can be read once, by one thread at a time; any thread may close it, and the iteration then ends.
 *
 * @param <T> the type of the results
 */
public final class Watch<T> implements Iterable<Change<T>>, AutoCloseable {
  private final Shared shared;
  private final Documents documents;
  private final Codec<T> codec;
  private boolean begun;

  private Watch(Shared shared, Documents documents, Class<T> class_) {
    this.shared = shared;
    this.documents = documents;
    this.codec = documents.codec(class_);
  }

  /** What watches that differ in their types share. */
  private static final class Shared {
    final Watching watching;
    final ResumingStream<WatchRequest, WatchResponse> stream;
    final Deque<Watching.Arrived> arrived = new ArrayDeque<>();
    volatile ByteString token;

    Shared(Watching watching, ResumingStream<WatchRequest, WatchResponse> stream) {
      this.watching = watching;
      this.stream = stream;
      this.token = watching.token();
    }

    /** Waits for the next response, and returns whether one has come. */
    boolean next() {
      try {
        WatchResponse response = stream.next();
        if (response == null) {
          return false;
        }
        arrived.addAll(watching.take(response));
        token = arrived.isEmpty() ? watching.token() : token;
        return true;
      } catch (ResultsException error) {
        stream.close();
        throw error;
      }
    }
  }

  /** Begins; returns when the service has begun, too. */
  static <T> Watch<T> begin(
      Calls calls, Documents documents, Class<T> class_, WatchRequest request, ResumingStream.Times times) {
    Watching watching = new Watching(calls.target(), request);
    Shared shared =
        new Shared(watching, new ResumingStream<>(calls, ResultsServiceGrpc.getWatchMethod(), watching, times));
    Watch<T> watch = new Watch<>(shared, documents, class_);
    shared.next();
    return watch;
  }

  /**
   * The same changes with results of another type.
   *
   * @param class_ such as {@code BsonDocument.class}, {@code RawBsonDocument.class}, or a class that the codecs of the
   *     client know
   * @param <U> the type
   * @return the changes, to be read instead of this
   * @throws ResultsException there is no codec for the class, and this is closed; INVALID_REQUEST
   * @throws IllegalStateException this was read already
   */
  public <U> Watch<U> as(Class<U> class_) {
    begin();
    try {
      return new Watch<>(shared, documents, class_);
    } catch (ResultsException error) {
      close();
      throw error;
    }
  }

  /**
   * What to give to another watch for going on where this one is.
   *
   * @return the token behind the last change that was read, or a later one if nothing has come since
   */
  public ByteString resumeToken() {
    return shared.token;
  }

  /**
   * The changes, one after another.
   *
   * @return an iterator, which waits, and ends only when this is closed. Its methods throw a {@link ResultsException}
   *     when the watch fails: INVALID_REQUEST with the reason RESUME_TOKEN_EXPIRED if the token is too old
   * @throws IllegalStateException this was read already
   */
  @Override
  public Iterator<Change<T>> iterator() {
    begin();
    return new Changes();
  }

  /**
   * The changes as a stream, which closes this when it is closed.
   *
   * @return a sequential stream, which waits, and ends only when this is closed
   * @throws IllegalStateException this was read already
   */
  public Stream<Change<T>> stream() {
    int characteristics = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), characteristics), false)
        .onClose(this::close);
  }

  /** Ends the watch. Closing twice is fine. */
  @Override
  public void close() {
    shared.stream.close();
  }

  private void begin() {
    if (begun) {
      throw new IllegalStateException("a watch can be read only once: begin another one with its resumeToken()");
    }
    begun = true;
  }

  private final class Changes implements Iterator<Change<T>> {
    private ResultsException failed;

    @Override
    public boolean hasNext() {
      if (failed != null) {
        throw failed;
      }
      try {
        while (!shared.stream.isClosed() && shared.arrived.isEmpty()) {
          if (!shared.next()) {
            return false;
          }
        }
        return !shared.stream.isClosed();
      } catch (ResultsException error) {
        failed = error; // what follows an error is no end
        throw error;
      }
    }

    @Override
    public Change<T> next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      Watching.Arrived next = shared.arrived.remove();
      shared.token = next.token();
      return next.decoded(codec);
    }
  }
}
