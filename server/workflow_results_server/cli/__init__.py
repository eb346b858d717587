"""The commands of the server: `serve`, `token`, `certificate`."""
