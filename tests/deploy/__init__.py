"""Tests of `deploy/`: the services of its Compose file as processes."""
