"""The clients of the old Results backend, as they are on PyPI, against the HTTP door: `make test-http-clients`."""
