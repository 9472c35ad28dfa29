"""All SQL of the program. Nothing here prints, prompts, or decides what an identity means.

SQL uses `?` parameters only and sends many rows as one statement, by `json_each(?)`, so the same statements run against
a remote SQLite as well as a file.
"""
