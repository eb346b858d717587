"""The version of Workflow Results, of client and server alike."""

__version__ = "0.1.0"
