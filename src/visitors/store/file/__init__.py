"""Stores in files: opening, creating, copying, checking, restoring and dumping them. Everything specific to SQLite
files.
"""
