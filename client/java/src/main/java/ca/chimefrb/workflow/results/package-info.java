/**
 * A client of Workflow Results, a service that stores the results of scientific pipelines.
 *
 * <p>{@link ca.chimefrb.workflow.results.Results} is the entry point. The messages of the service itself are in the
 * package {@code ca.chimefrb.workflow.results.v1}; programs rarely need them.
 */
package ca.chimefrb.workflow.results;
