"""Lapis: a private assistant that answers from a model running on this computer."""

__version__ = "0.1.0"
