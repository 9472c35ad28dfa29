"""One command a file: parse, act, render. The registry lists them."""
