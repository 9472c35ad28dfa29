"""Failures of the machine: the test modules say what is tried, the other modules how."""
