"""The commands of `visitors contacts`."""
