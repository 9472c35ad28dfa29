"""Format records as text: tables for people, seven formats for programs. Independent of the store."""
