"""One suite for the clients in all languages; README.md has the protocol of the programs that it drives."""
