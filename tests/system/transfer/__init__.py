"""Many results from one server to another through files, by commands that are killed again and again."""
