"""Who may do what: callers, their tokens and certificates, and the least role of each RPC."""
