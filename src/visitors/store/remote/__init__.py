"""Stores on a libSQL server: replicated SQLite with the same SQL, over the Hrana 3 protocol."""
