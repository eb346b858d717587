"""What the doors do with a request: its fields checked, its works taken in, memory for it."""
