"""The generated code of the API, version 1; made by `make proto`, never edited."""
