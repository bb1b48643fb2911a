"""What headers say, remembered, so that a list of thousands of files opens none of them twice.

A header is known by path, size and time of change of its file. What is known is asked of, and
handed to, whoever keeps it over restarts. Any thread.
"""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from desktop.domain.errors import LapisError, ModelFileError
from desktop.domain.model import GgufInfo
from desktop.domain.shelf import HeaderFacts, Stamp
from desktop.domain.text import Text
from desktop.models.families import family_of
from desktop.models.size_label import parameters_of

# To be raised with every change of what is read out of headers: then all are read anew.
FACTS_VERSION: Final = 1
_log = logging.getLogger(__name__)


Kept: TypeAlias = Mapping[str, tuple[Stamp, HeaderFacts]]


class Keeper(Protocol):
    """Who keeps facts over restarts; both methods may raise LapisError."""

    def facts(self, version: int) -> Kept:
        """Return what is kept under this version, by path."""
        ...

    def keep_facts(self, kept: Kept, version: int) -> None:
        """Add to, and replace, what is kept."""
        ...


class HeaderCache:
    """Facts of headers, read once for each state of a file."""

    def __init__(self, keeper: Keeper) -> None:
        """Ask nobody yet."""
        self._keeper = keeper
        self._lock = threading.Lock()
        self._known: dict[str, tuple[Stamp, HeaderFacts]] | None = None
        self._problems: dict[str, tuple[Stamp, Text]] = {}
        self._unkept: dict[str, tuple[Stamp, HeaderFacts]] = {}

    def facts(self, path: str, stamp: Stamp) -> HeaderFacts | None:
        """Return what is known of a file as it is now; opens nothing."""
        found = self._all().get(path)
        return found[1] if found is not None and found[0] == stamp else None

    def problem(self, path: str, stamp: Stamp) -> Text | None:
        """Return why this file's header could not be read since Lapis started."""
        found = self._problems.get(path)
        return found[1] if found is not None and found[0] == stamp else None

    def read(self, path: str, stamp: Stamp) -> HeaderFacts | None:
        """Read the header of `path`; None leaves a problem. To be kept with `flush`."""
        # Only here: what is known already needs no reader.
        from desktop.models.gguf import read_gguf

        try:
            facts = facts_of(read_gguf(Path(path)))
        except ModelFileError as error:
            self._problems[path] = (stamp, error.title)
            return None
        self._problems.pop(path, None)
        known = self._all()
        with self._lock:
            known[path] = self._unkept[path] = (stamp, facts)
        return facts

    def reload(self) -> None:
        """Ask the keeper anew: files were moved."""
        self.flush()
        with self._lock:
            self._known = None

    def flush(self) -> None:
        """Hand what was read to the keeper; what it cannot take is known until Lapis ends."""
        with self._lock:
            fresh, self._unkept = self._unkept, {}
        if not fresh:
            return
        try:
            self._keeper.keep_facts(fresh, FACTS_VERSION)
        except LapisError as error:
            _log.warning("headers are not remembered: %s", type(error).__name__)

    def _all(self) -> dict[str, tuple[Stamp, HeaderFacts]]:
        with self._lock:
            if self._known is None:
                try:
                    self._known = dict(self._keeper.facts(FACTS_VERSION))
                except LapisError as error:
                    _log.warning("remembered headers are unreadable: %s", type(error).__name__)
                    self._known = {}
            return self._known


def facts_of(info: GgufInfo) -> HeaderFacts:
    """Return what a list shows of a header."""
    return HeaderFacts(
        architecture=info.architecture,
        family=family_of(info),
        quantisation=info.quantisation,
        context_length=info.context_length,
        parameters=info.parameters or parameters_of(info),
        has_template=info.has_template,
        can_chat=_can_chat(info),
    )


def _can_chat(info: GgufInfo) -> bool:
    """Return whether it writes texts: the file asks for no pooling, and knows decoding."""
    pooling = info.metadata.get(f"{info.architecture}.pooling_type", 0)
    causal = info.metadata.get(f"{info.architecture}.attention.causal", True)
    return pooling == 0 and causal is not False and info.architecture != "t5encoder"
