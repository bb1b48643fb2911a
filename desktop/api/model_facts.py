"""What the headers of model files say to other programs, each file read once as long as it stays.

Blocks while it reads: not for the event loop's thread. Safe for several threads.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Final, TypeAlias

from desktop.domain.errors import ModelFileError
from desktop.domain.model import InstalledModel

_MOST_FILES: Final = 512
_TEMPLATE: Final = "tokenizer.chat_template"
_INFILL: Final = ("tokenizer.ggml.fim_pre_token_id", "tokenizer.ggml.prefix_token_id")

# As a file was: its size and the time of its last change.
_Stamp: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a header says; empty, 0 and False where nobody knows.

    `values` are its scalars and short arrays by name. `fills_in`: it writes what stands between two
    texts. `thinks`: its answers may begin with thinking.
    """

    architecture: str = ""
    quantisation: str = ""
    parameters: int = 0
    modified: float = 0.0
    embeds: bool = False
    thinks: bool = False
    fills_in: bool = False
    values: Mapping[str, object] = field(default_factory=dict[str, object])


UNKNOWN: Final = Facts()


class ModelFacts:
    """Facts of files, as many as are kept in memory."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, tuple[_Stamp, Facts]] = OrderedDict()

    def of(self, model: InstalledModel) -> Facts:
        """Return what the file of `model` says; `UNKNOWN` of one that cannot be read, or is served."""
        if model.is_served:
            return UNKNOWN
        stamp = _stamp(model.path)
        if stamp is None:
            return UNKNOWN
        with self._lock:
            found = self._known.get(model.path)
        if found is not None and found[0] == stamp:
            return found[1]
        facts = replace(_read(model.path), modified=stamp[1] / 1e9)
        with self._lock:
            self._known[model.path] = (stamp, facts)
            while len(self._known) > _MOST_FILES:
                self._known.popitem(last=False)
        return facts

    def of_all(self, models: Sequence[InstalledModel], seconds: float) -> list[Facts]:
        """Return the facts of each of `models`; no file is begun when `seconds` have gone by.

        What was not read then is known the next time, so that a list never takes long.
        """
        late = time.monotonic() + seconds
        return [
            self.of(model) if time.monotonic() < late else self._kept(model) for model in models
        ]

    def _kept(self, model: InstalledModel) -> Facts:
        with self._lock:
            found = self._known.get(model.path)
        return UNKNOWN if found is None else found[1]


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _read(path: Path) -> Facts:
    # Only here: the reader of headers is not wanted by who only talks.
    from desktop.inference.formats import format_of
    from desktop.models.gguf import beginning_of, open_header
    from desktop.models.header_cache import facts_of

    try:
        header, size = open_header(path)
        info = beginning_of(header, path, size)
    except ModelFileError:
        return UNKNOWN
    whole = header.values.get("split.count", 1) == 1
    counted = sum(prod(tensor.shape) for tensor in header.tensors) if whole else 0
    facts = facts_of(replace(info, parameters=counted))
    template = str(header.values.get(_TEMPLATE, ""))
    form = format_of(template, tools=False)
    thinking = form.channels or any(
        marks.opening in template for marks in (*form.thinking, *form.inner_thinking)
    )
    return Facts(
        architecture=facts.architecture,
        quantisation=facts.quantisation,
        parameters=facts.parameters,
        embeds=not facts.can_chat,
        thinks=thinking,
        fills_in=any(key in header.values for key in _INFILL),
        values=info.metadata,
    )
