"""Lapis for macOS: what its bundle says of itself, and the disk image that it comes on.

Nothing of this has run on macOS so far.
"""
