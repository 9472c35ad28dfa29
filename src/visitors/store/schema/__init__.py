"""The tables, what holds in them, and how their changes are recorded."""
