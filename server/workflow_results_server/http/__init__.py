"""The second door: HTTP with the routes of the old Results backend, for clients that will not change."""
