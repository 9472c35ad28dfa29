"""Read and write visitors, contacts, blocks and conversations."""
