"""An Ollama for tests: its published API over real sockets, with a model that recites."""

from tests.harness.ollama.faults import Faults
from tests.harness.ollama.models import OllamaModel
from tests.harness.ollama.server import OllamaRequest, OllamaServer

__all__ = ["Faults", "OllamaModel", "OllamaRequest", "OllamaServer"]
