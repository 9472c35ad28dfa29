"""Values and rules, pure: nothing here reads a file, a clock or a store."""
