"""What was done, taking it back, and taking the erased out of it."""
