"""`python -m desktop`: the same as the command `lapis`."""

from desktop.cli import run

if __name__ == "__main__":
    run()
