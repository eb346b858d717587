"""Hostile requests by the hundred thousand, against a real server. Run by `make test-hostile`."""
