"""Ollama, here or elsewhere, through its own library: `OllamaClient` is the way in."""

from desktop.backends.ollama.client import OllamaClient

__all__ = ["OllamaClient"]
