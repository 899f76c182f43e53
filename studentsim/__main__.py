"""``python -m studentsim``: the command line."""

from studentsim.cli import main

if __name__ == "__main__":
    main()
