"""The commands behind the Makefile: `python3 -m installers.dev setup | run | test | …`.

Set-up runs before anything is installed, so these modules use the standard library alone; what
needs more (Babel) is imported where it is used and runs from the environment that set-up made.
"""
