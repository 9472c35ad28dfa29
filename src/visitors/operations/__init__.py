"""What a command does, in steps, inside one transaction that the caller opened."""
