"""`python -m autodisco` is the command line without its console script."""

from autodisco.cli import main

if __name__ == "__main__":
    main()
