package ca.chimefrb.workflow.results;

import java.time.Duration;

/**
 * When something must be done.
 *
 * @param whole the time there was, or null for no limit
 * @param end when it ends, by {@link System#nanoTime}
 */
record TimeLimit(Duration whole, long end) {
  static final TimeLimit NONE = new TimeLimit(null, 0);

  /** A limit from now on; null for none. */
  static TimeLimit after(Duration time) {
    return time == null ? NONE : new TimeLimit(time, System.nanoTime() + time.toNanos());
  }

  static TimeLimit earlier(TimeLimit one, TimeLimit other) {
    return one.left() <= other.left() ? one : other;
  }

  /** The nanoseconds that are left, negative when it is over; as many as there can be without a limit. */
  long left() {
    return whole == null ? Long.MAX_VALUE : end - System.nanoTime();
  }
}
