"""Runs the last release and this version together, while servers are upgraded and downgraded."""
