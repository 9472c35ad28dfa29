"""All that can go wrong with the machine: what is tried is in the test modules, how it is tried beside them."""
