"""What the program says of itself: topics, and the table of its commands. Read only when it is asked for."""
