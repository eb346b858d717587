"""The native part compared with Python, on documents and values made at random: see CONTRIBUTING.md."""
