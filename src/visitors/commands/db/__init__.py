"""The commands of `visitors db`."""
