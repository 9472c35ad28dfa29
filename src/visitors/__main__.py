"""`python -m visitors`."""

from visitors.main import main

main()
