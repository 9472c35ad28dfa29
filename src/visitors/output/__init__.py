"""From records to text: tables for people, seven formats for programs. Knows nothing of the store."""
