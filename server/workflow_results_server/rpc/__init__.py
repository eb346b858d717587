"""The RPCs, and what every call goes through on its way to them."""
