"""All the SQL there is. Nothing in here prints, asks, or decides what an identity means.

SQL takes `?` parameters only and sends many rows as one statement, by `json_each(?)`, so that the
same statements run against a remote SQLite as well as against a file.
"""
