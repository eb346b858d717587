"""Python values become BSON and come back."""
