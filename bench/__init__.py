"""Measurements of Workflow Results against direct pymongo and against JSON over HTTP; see bench/README.md."""
