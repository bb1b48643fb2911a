"""An Ollama for tests: its published API over real sockets, with a model that recites."""

from tests.harness.ollama.faults import Answer, Faults
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaRequest, OllamaServer

__all__ = ["Answer", "Faults", "OllamaModel", "OllamaRequest", "OllamaServer"]
