package ca.chimefrb.workflow.results;

/**
 * An index on a field of a pipeline.
 *
 * @param field the path of the field
 * @param sizeBytes how much disk space it takes, in bytes
 * @param ready whether it serves queries; false while it is being built
 */
public record FieldIndex(String field, long sizeBytes, boolean ready) {}
