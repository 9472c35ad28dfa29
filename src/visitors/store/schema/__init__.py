"""The tables, their invariants, and how changes are recorded."""
