"""The security review: each finding is a test."""
