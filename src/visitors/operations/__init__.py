"""What commands do, in several steps within one transaction that the caller opened."""
