package ca.chimefrb.workflow.results;

/**
 * What goes on through one stream after another, response by response. It looks at no clock and makes no call.
 *
 * @param <Q> the requests
 */
interface Course<Q> {
  /** What to send for the next stream, behind what has arrived. Each call is the beginning of a stream. */
  Q begin();

  /** Whether all has arrived, so that it does not matter how the stream ends. */
  boolean isComplete();

  /** What a stream means that ends before that. */
  Failure endedEarly();

  /** The attempts to go on. */
  Attempts attempts();
}
