"""`python -m desktop` and the command `lapis`, which are the same."""

from typing import NoReturn

from desktop.base.early_interrupt import ending_quietly


def run() -> NoReturn:
    """Do what the command line of `lapis` says, and end this process with its exit code."""
    with ending_quietly():
        from desktop.cli import run as carry_out
    carry_out()


if __name__ == "__main__":
    run()
