"""Fault tests: a replica set, a server and clients under faults, and a checker of what the clients saw."""
