"""Help: the topics, the table of all commands, and what is generated from it. Read only by `visitors help`."""
