"""What every call goes through, from the outside in: one link a file, put together in `chain.py`."""
