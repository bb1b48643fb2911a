"""Frozen values and errors. Standard library only; imports nothing else of Lapis."""
