"""The embedded MongoDB: its binary, its data directory, and when it is started again."""
