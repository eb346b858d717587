"""Every call of gRPC: channel, connections, credentials, deadlines, errors, and forks."""
