package ca.chimefrb.workflow.results;

import com.google.protobuf.MessageLite;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.bson.RawBsonDocument;
import org.bson.codecs.Codec;

/**
 * Results as they arrive, in constant memory.
 *
 * <p>The first result that is asked for makes the call, which goes on where it stopped when a connection breaks or a
 * server restarts: no result is missing, and none comes twice. The stream ends itself when all results were read, or
 * with an error. Who stops earlier closes it, best with try-with-resources, which ends the call.
 *
 * <p>It can be read once, by one thread at a time; any thread may close it.
 *
 * @param <T> the type of the results
 */
public final class ResultStream<T> implements Iterable<T>, AutoCloseable {
  private final Requests<?, ?> source;
  private final Documents documents;
  private final Codec<T> codec;
  private boolean begun;

  ResultStream(Requests<?, ?> source, Documents documents, Class<T> class_) {
    this.source = source;
    this.documents = documents;
    this.codec = documents.codec(class_);
  }

  /**
   * The same results in another type.
   *
   * @param class_ such as {@code BsonDocument.class}, {@code RawBsonDocument.class}, or a class that the codecs of the
   *     client know
   * @param <U> the type
   * @return the results, to be read instead of this
   * @throws ResultsException there is no codec for the class; INVALID_REQUEST
   * @throws IllegalStateException this was read already
   */
  public <U> ResultStream<U> as(Class<U> class_) {
    begin();
    return new ResultStream<>(source, documents, class_);
  }

  /**
   * The results, one after another.
   *
   * @return an iterator. Its methods throw a {@link ResultsException} when the call fails; CANCELLED if this was closed
   *     before all results were read
   * @throws IllegalStateException this was read already
   */
  @Override
  public Iterator<T> iterator() {
    begin();
    return new Results();
  }

  /**
   * The results as a stream, which closes this when it is closed.
   *
   * @return a sequential stream
   * @throws IllegalStateException this was read already
   */
  public Stream<T> stream() {
    int characteristics = Spliterator.ORDERED | Spliterator.NONNULL;
    return StreamSupport.stream(Spliterators.spliteratorUnknownSize(iterator(), characteristics), false)
        .onClose(this::close);
  }

  /**
   * All results, read to the end.
   *
   * @return a list, which takes as much memory as the results do
   * @throws ResultsException the call failed
   * @throws IllegalStateException this was read already
   */
  public List<T> toList() {
    List<T> all = new ArrayList<>();
    iterator().forEachRemaining(all::add);
    return all;
  }

  /** Ends the call. Closing twice is fine. */
  @Override
  public void close() {
    source.close();
  }

  private void begin() {
    if (begun) {
      throw new IllegalStateException("results can be read only once: make another call");
    }
    begun = true;
  }

  private final class Results implements Iterator<T> {
    private final Deque<RawBsonDocument> arrived = new ArrayDeque<>();
    private ResultsException failed;

    @Override
    public boolean hasNext() {
      if (failed != null) {
        throw failed;
      }
      try {
        while (arrived.isEmpty()) {
          List<RawBsonDocument> next = source.next();
          if (next == null) {
            return false;
          }
          arrived.addAll(next);
        }
        return true;
      } catch (ResultsException error) {
        throw ended(error);
      }
    }

    @Override
    public T next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      try {
        return Documents.decode(arrived.remove(), codec);
      } catch (ResultsException error) {
        throw ended(error);
      }
    }

    private ResultsException ended(ResultsException error) {
      failed = error; // what follows an error is no end
      source.close();
      return error;
    }
  }

  /** The documents of one request after another. */
  static final class Requests<Q extends MessageLite, R> {
    private final Calls calls;
    private final ReadMethod<Q, R> method;
    private final Iterator<Q> requests;
    private final Supplier<ResumingStream.Times> times;
    private ResumingStream.Times begun;
    private volatile Reading<Q, R> reading;
    private volatile ResumingStream<Q, R> stream;
    private volatile boolean closed;

    /**
     * Begins.
     *
     * @param times how long they may take, from when the first result is asked for
     */
    Requests(Calls calls, ReadMethod<Q, R> method, List<Q> requests, Supplier<ResumingStream.Times> times) {
      this.calls = calls;
      this.method = method;
      this.requests = requests.iterator();
      this.times = times;
    }

    /** Waits for the next documents; null at the end. */
    List<RawBsonDocument> next() {
      while (stream != null || requests.hasNext()) {
        if (stream == null) {
          begun = begun == null ? times.get() : begun;
          reading = new Reading<>(method, calls.target(), requests.next());
          stream = new ResumingStream<>(calls, method.call(), reading, begun);
        }
        R response = closed ? null : stream.next();
        if (response != null) {
          return reading.take(response);
        }
        if (!reading.isComplete()) {
          throw Failure.cancelled("these results were closed before all were read").toException();
        }
        stream = null;
      }
      return null;
    }

    void close() {
      closed = true;
      ResumingStream<Q, R> open = stream;
      if (open != null) {
        open.close();
      }
    }
  }
}
