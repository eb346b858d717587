"""What operators see of a server."""
