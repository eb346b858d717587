"""Works become requests of a good size, and receipts: of many at once, and of works that come one at a time."""
