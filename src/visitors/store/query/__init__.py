"""Which records a listing chooses, and how they are found."""
