"""From files to rows: formats, compression, and which column is which field. Knows nothing of the store."""
