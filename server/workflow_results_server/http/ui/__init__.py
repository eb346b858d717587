"""The dashboard: a page to look at results with, and what it asks the server for."""
