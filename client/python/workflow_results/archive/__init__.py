"""Results in files: BSON as of mongodump, JSON, CSV and Parquet, read and written in constant memory."""
