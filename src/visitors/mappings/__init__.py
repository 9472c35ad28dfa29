"""The mappings that come with the program: a YAML file for each system."""
