"""The real `ollama` library as a client of the local server of a test, and tiny models to ask."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ollama
import pytest

from desktop.domain.chat import ChatRequest
from desktop.domain.model import InstalledModel
from desktop.services.model_turns import Wanted
from tests import gguf_files
from tests.harness.api_room import KEY, ApiRoom, installed
from tests.unit.engine_room import Answer

HI = [{"role": "user", "content": "Hi"}]
LOT = {"num_predict": 1500}
_MARKS = ("pre", "suf", "mid")


@contextmanager
def client_of(room: ApiRoom) -> Iterator[ollama.Client]:
    """Give the library, with the key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    client = ollama.Client(room.address, headers=headers, trust_env=False, timeout=60)
    with client:
        yield client


def refused(ask: Callable[[], object]) -> ollama.ResponseError:
    """Return what the server refuses `ask` with."""
    with pytest.raises(ollama.ResponseError) as caught:
        ask()
    return caught.value


def window_answer(room: ApiRoom, request: ChatRequest, model: str) -> str:
    """Return what the window would show for `request`."""
    answer = Answer()
    room.engine.ask(request, answer.take, Wanted(room.model(model)))
    return answer.wait().text


def babbler_in(folder: Path) -> InstalledModel:
    """Write a model that babbles, and fills in what is missing."""
    # Any three tokens do as marks of what is to be filled in.
    marks = {f"tokenizer.ggml.fim_{place}_token_id": 40 + i for i, place in enumerate(_MARKS)}
    return installed(gguf_files.write_llama(folder / "babbler.gguf", extra=marks))


def talker_in(folder: Path) -> InstalledModel:
    """Write a model that says one sentence, and ends."""
    path = folder / "talker.Q4.gguf"
    return installed(gguf_files.write_llama(path, answer="Lapis is blue.", stops=True))


def searcher_in(folder: Path) -> InstalledModel:
    """Write a model that makes vectors."""
    return installed(gguf_files.write_bert(folder / "searcher.gguf"))
