"""Filters and projections, checked against lists of what is allowed."""
