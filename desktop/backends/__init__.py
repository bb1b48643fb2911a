"""Adapters to whatever answers: the engine process today, servers beside it."""
