"""The commands of `visitors conversations`."""
