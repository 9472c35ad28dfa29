"""One command a file: parse, act, render. See the registry for the table of contents."""
