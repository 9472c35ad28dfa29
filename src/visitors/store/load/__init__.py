"""Many rows at once: in, out, and into what is found by more than its record."""
