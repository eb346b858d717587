"""Texts that would look like something else where they are shown."""

from __future__ import annotations

from hypothesis import strategies as st

FORGED = "a\r\n2026-01-01 00:00:00,000 ERROR x: forged \x1b[2J\x9b31m\u2028\u2029\x85\u202e\u2066\u200b\x7f\x08"
"""Line ends, sequences that terminals obey, and marks that turn the direction of text around."""

ESCAPED = r"'a\r\n2026-01-01 00:00:00,000 ERROR x: forged \x1b[2J\x9b31m\u2028\u2029\x85\u202e\u2066\u200b\x7f\x08'"
BARE = ESCAPED.strip("'")
TEXT = st.lists(st.sampled_from([*FORGED, "\ud800", "\udc80", "'", "\\", "="]) | st.text()).map("".join)
"""`st.text` alone has no lone surrogates."""
