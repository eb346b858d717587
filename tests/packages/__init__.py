"""What is built for others: what is in the files, and what comes of installing them in empty environments."""
