"""Stores in files: opening, making, copying, checking, restoring and dumping them. All that knows SQLite by name."""
