"""What `make endurance` runs: memory, overload, crowds, and kills of the server."""
