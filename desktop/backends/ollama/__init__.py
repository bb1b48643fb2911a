"""Ollama, here or elsewhere, through its own library."""
