"""Read files as rows: formats, compression, and mapping columns to fields. Independent of the store."""
