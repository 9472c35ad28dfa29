"""Visitors, contacts, blocks and conversations: reading and writing them."""
