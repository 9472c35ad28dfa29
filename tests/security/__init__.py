"""The security pass: each finding is a test."""
