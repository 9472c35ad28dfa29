"""Bulk data: loading, exporting, and rebuilding derived indexes."""
