"""Arguments of methods become requests. No gRPC call is made here, and no clock is looked at."""
