"""`python -m cdc` is `cdc`."""

from cdc.app.cli import main

if __name__ == "__main__":
    main()
