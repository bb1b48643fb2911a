"""The places that models come from, asked for one purpose each. Any thread; calls block.

Settings are read anew for each question, so that a changed mirror or proxy holds at once.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from desktop.base.cancelling import never
from desktop.domain.errors import (
    AccessDenied,
    BadReference,
    LapisError,
    NetworkError,
    OddAnswer,
    RemoteFileNotFound,
)
from desktop.domain.network_log import Purpose, Reason, Recorder, unrecorded
from desktop.domain.repository import (
    Gate,
    Reference,
    RemoteFile,
    Repository,
    SearchHit,
    SearchResult,
    Source,
    SourceKind,
)
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.hub import hugging_face, modelscope
from desktop.hub.answers import Answers
from desktop.hub.asking import Asker
from desktop.hub.client import Client, open_client
from desktop.hub.failures import gated
from desktop.hub.header import Beginning
from desktop.hub.network import (
    Network,
    base_address,
    is_this_computer,
    may_carry_token,
    network_of,
    never_offline,
    source_of,
)
from desktop.hub.references import looks_like_reference, parse_reference
from desktop.services.orders import chosen

_CHECKED_BYTES: Final = 64 * 1024
_MOST_COPIES: Final = 3
_MOST_WORDS: Final = 200
_SEARCHING: Final = Reason(Purpose.SEARCH)
_LOOKING: Final = Reason(Purpose.LOOK)


class Sources:
    """Hugging Face, its mirrors, and ModelScope; see the methods for what each raises."""

    def __init__(
        self,
        settings: Callable[[], LibrarySettings],
        token: Callable[[], str],
        cache: Path,
        environment: Mapping[str, str],
        offline: Callable[[], bool] = never_offline,
        log: Recorder = unrecorded,
    ) -> None:
        """Remember where to ask; nothing is connected yet.

        `token` returns the one for Hugging Face, empty for none; `cache` is a folder for answers;
        while `offline` says so other computers are not asked, and Offline is raised; `log` is told
        of every request.
        """
        self._settings = settings
        self._token = token
        self._environment = environment
        self._offline = offline
        self._log = log
        self._answers = Answers(cache)
        self._guard = threading.Lock()
        self._stop = threading.Event()
        self._clients: dict[tuple[str, str], Client] = {}

    def close(self) -> None:
        """End all connections and waits; questions under way fail."""
        self._stop.set()
        with self._guard:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def source(self, kind: SourceKind | None = None) -> Source:
        """Return where `kind` is asked, or the source of the settings; raises BadReference."""
        settings = self._settings()
        return source_of(kind or settings.source, settings, self._environment)

    @property
    def is_elsewhere(self) -> bool:
        """Whether the source of the settings is another computer, so that a network is needed."""
        try:
            return not is_this_computer(urlsplit(self.source().base).hostname or "")
        except BadReference:
            return True

    def reference(self, text: str) -> Reference:
        """Return what a person typed or pasted; raises BadReference."""
        return parse_reference(text, self._known())

    def looks_like_reference(self, text: str) -> bool:
        """Return whether `text` names a repository rather than being words to search for."""
        return looks_like_reference(text, self._known())

    def search(
        self,
        words: str,
        source: Source | SourceKind | None = None,
        limit: int = 30,
        cursor: str = "",
    ) -> SearchResult:
        """Return repositories with GGUF files that match `words`, the most downloaded first.

        `cursor` is that of the result before, for more. Raises NetworkError.
        """
        place = source if isinstance(source, Source) else self.source(source)
        asker = self._asker(_SEARCHING)
        cut = " ".join(words.split())[:_MOST_WORDS]
        found = _search(asker, place, cut, limit, cursor)
        return replace(found, remembered=asker.remembered)

    def repository(
        self,
        reference: Reference,
        source: Source | SourceKind | None = None,
        *,
        anew: bool = False,
    ) -> Repository:
        """Return what is in a repository.

        `source` overrules what the reference says, and that the settings; `anew` asks past all that
        is remembered, for what is to be fetched now. Raises NetworkError, among them
        RepositoryNotFound, GatedModel, and RemoteFileNotFound where it has no GGUF file, or not the
        file or quantisation of the reference. That the files of a gated one would not be handed out
        is no error here: it is said by `refused`.
        """
        place = self._place(reference, source)
        asker = self._asker(_LOOKING, anew=anew)
        found = _list(asker, place, reference.repository, reference.revision)
        found = replace(found, remembered=asker.remembered)
        if not found.models:
            raise self._no_models(found)
        chosen(found, reference)
        return found if found.gate is Gate.OPEN else replace(found, refused=self._refusal(found))

    def beginning(
        self, file: RemoteFile, source: Source, cancelled: Callable[[], bool] = never
    ) -> Beginning:
        """Return the bytes of a file of `source` from its start on, fetched as far as they are read.

        Nothing is asked before the first is read; to be closed. `cancelled` as for `Beginning`.
        """
        return Beginning(self._client(), file, source.kind, cancelled)

    def check(self, source: Source) -> None:
        """Try a source out, past all that is remembered: search, list, and read 64 KB of a file.

        Raises what is wrong with it: BadReference for its address, or NetworkError.
        """
        place = replace(source, base=base_address(source.base))
        asker = self._asker(_LOOKING, anew=True)
        hit = _open_hit(_search(asker, place, "", 10).hits, place)
        found = _list(asker, place, hit.name)
        if not found.models:
            raise self._no_models(found)
        client = self._client()
        file = found.models[0].files[0]
        where = client.resolve(file.url, place.kind, why=_LOOKING)
        first = {"Range": f"bytes=0-{_CHECKED_BYTES - 1}"}
        with client.stream(where.location, first, why=_LOOKING) as stream:
            if stream.status not in {200, 206}:
                raise stream.failure()
            next(stream.blocks(), b"")

    def _place(self, reference: Reference, source: Source | SourceKind | None) -> Source:
        if isinstance(source, Source):
            return source
        if source is not None:
            return self.source(source)
        chosen_kind = self._settings().source
        # A mirror has the same repositories, and may be all that can be reached.
        if reference.kind is SourceKind.HUGGING_FACE and chosen_kind is SourceKind.MIRROR:
            return self.source(SourceKind.MIRROR)
        return self.source(reference.kind)

    def _known(self) -> dict[str, SourceKind]:
        """Return the addresses of the sources, as far as they are addresses."""
        known: dict[str, SourceKind] = {}
        for kind in SourceKind:
            with suppress(BadReference):
                known.setdefault(self.source(kind).base, kind)
        return {
            base: kind
            for base, kind in known.items()
            if kind is not SourceKind.MODELSCOPE and not may_carry_token(base)
        }

    def _network(self) -> Network:
        return network_of(
            self._settings(), self._environment, self._log, self._token, self._offline
        )

    def _client(self) -> Client:
        network = self._network()
        way = (network.proxy, network.certificates)
        with self._guard:
            if way not in self._clients:
                self._clients[way] = open_client(network)
            if self._stop.is_set():
                self._clients[way].close()
            return self._clients[way]

    def _asker(self, why: Reason, *, anew: bool = False) -> Asker:
        return Asker(
            self._client(),
            None if anew else self._answers,
            self._stop,
            self._has_token,
            why,
        )

    def _has_token(self) -> bool:
        return bool(self._token().strip())

    def _refusal(self, found: Repository) -> LapisError | None:
        """Return why the files of a gated repository would not be handed out to us."""
        file = found.models[0].files[0]
        if not (may_carry_token(file.url) and self._has_token()):
            return gated(file.url, found.name, found.page)
        try:
            self._client().resolve(file.url, found.source.kind, why=_LOOKING)
        except AccessDenied as error:
            return error
        except NetworkError:
            # Not known: the download will tell.
            return None
        return None

    def _no_models(self, found: Repository) -> RemoteFileNotFound:
        """Return the error of a repository without models, with others that have them."""
        title = Text("{name} has no GGUF files to chat with", {"name": found.name})
        copies: list[str] = []
        with suppress(LapisError):
            words = found.name.partition("/")[2]
            hits = self.search(words, found.source, 10).hits
            copies = [hit.name for hit in hits if hit.name != found.name][:_MOST_COPIES]
        if copies:
            return RemoteFileNotFound(
                title, Text("These have them: {names}.", {"names": tuple(copies)})
            )
        return RemoteFileNotFound(
            title, Text("Search for its name together with GGUF: others may have made them.")
        )


def _search(asker: Asker, source: Source, words: str, limit: int, cursor: str = "") -> SearchResult:
    is_modelscope = source.kind is SourceKind.MODELSCOPE
    search = modelscope.search if is_modelscope else hugging_face.search
    return search(asker.ask, source, words, limit, cursor)


def _list(asker: Asker, source: Source, name: str, revision: str = "") -> Repository:
    is_modelscope = source.kind is SourceKind.MODELSCOPE
    look = modelscope.repository if is_modelscope else hugging_face.repository
    return look(asker.ask, source, name, revision)


def _open_hit(hits: tuple[SearchHit, ...], source: Source) -> SearchHit:
    hit = next((one for one in hits if one.gate is Gate.OPEN), None)
    if hit is None:
        raise OddAnswer(
            Text("{host} lists no models", {"host": urlsplit(source.base).netloc}),
            Text("Check the address of the source in the settings."),
        )
    return hit
