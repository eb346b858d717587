"""Changes of results as they come: MongoDB's change stream, read once for all who watch."""
