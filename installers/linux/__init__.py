"""Packages of Lapis for Linux: what they hold, and how each kind is put together.

Run by the Python that runs `make`; nothing here is part of the program.
"""
