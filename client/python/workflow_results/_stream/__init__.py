"""Reads that go on where they broke, and what users hold of them."""
