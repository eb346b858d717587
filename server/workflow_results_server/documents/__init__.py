"""Works and BSON: checked, compared, and written as Extended JSON."""
