"""What client and server share: the rules of works and messages, and files that both read. It imports no gRPC."""
