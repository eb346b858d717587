"""The life of a server: its processes, its gRPC server, health, reflection and limits."""
