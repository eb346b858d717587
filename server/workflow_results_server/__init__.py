"""The server of Workflow Results: the gRPC service `ResultsService` over MongoDB."""
