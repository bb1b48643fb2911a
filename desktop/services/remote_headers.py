"""What the headers of model files say that are elsewhere: fetched as far as needed, and kept.

The beginning of a header (64 KB, seldom more) tells what a formula reckons memory with; the whole
one, some megabytes, is what llama.cpp itself can measure. Not a byte of the weights is asked for.
Any thread; calls block, and two that want the same file wait for one another.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from desktop.base.cancelling import never
from desktop.base.disk_faults import file_fault
from desktop.domain.errors import ModelFileError
from desktop.domain.model import GgufInfo
from desktop.domain.repository import QuantisedModel, RemoteFile, Repository, Source
from desktop.domain.text import Text
from desktop.hub.fetch_values import Stopped
from desktop.hub.file_names import local_name
from desktop.hub.header import Beginning
from desktop.hub.kept_headers import KeptHeaders
from desktop.models.gguf import beginning_of, info_of, seeing_bytes
from desktop.models.gguf_reader import Header, Readable, read_beginning, read_header
from desktop.models.gguf_rules import check_kind, check_tensors

Read: TypeAlias = Callable[[Readable, int], Header]

_FOLDER: Final = "headers"
_CHECK_SECONDS: Final = 0.1
_log = logging.getLogger(__name__)


class Places(Protocol):
    """Where files come from, see `services.sources.Sources`."""

    def beginning(
        self, file: RemoteFile, source: Source, cancelled: Callable[[], bool] = never
    ) -> Beginning:
        """Return the bytes of a file, to be fetched as far as they are read."""
        ...


@dataclass(frozen=True, slots=True)
class WholeHeader:
    """The whole header of a file that is elsewhere, in bytes.

    `path` has it, up to where the weights begin; it stays for a while, in a folder that is kept
    small. `size` is that of the remote file, `fetched` what came over the network for it just now.
    """

    path: Path
    size: int
    fetched: int


@dataclass(frozen=True, slots=True)
class _Found:
    header: Header
    path: Path
    fetched: int = 0


class RemoteHeaders:
    """Headers of what sources list.

    Everything raises NetworkError, DownloadError for bytes that are not the announced ones,
    ModelFileError for what is no usable model, StorageError, and `side_job.Cancelled` soon after
    `cancelled` says so.
    """

    def __init__(self, places: Places, cache: Path) -> None:
        """Keep headers below `cache`, the folder for what hubs said. Nothing is connected yet."""
        self._places = places
        self._folder = cache / _FOLDER
        self._kept = KeptHeaders(self._folder)
        self._turns = threading.Condition()
        self._in_turn: set[str] = set()
        self._fetched = 0

    @property
    def fetched(self) -> int:
        """The bytes that came over the network for headers so far."""
        return self._fetched

    def first(
        self,
        model: QuantisedModel,
        repository: Repository,
        cancelled: Callable[[], bool] = never,
    ) -> GgufInfo:
        """Return what the beginning of a model's header says, as `gguf.beginning_of` tells it.

        What was fetched whole before is told as a whole.
        """
        file = model.files[0]
        with self._turn(file, cancelled):
            whole = self._known(file, repository, read_header)
            if whole is not None:
                return _info(whole.header, model)
            found = self._known(file, repository, read_beginning)
            if found is None:
                found = self._fetch(file, repository, read_beginning, cancelled)
        check_kind(found.header)
        with _at_source():
            return beginning_of(found.header, Path(local_name(file.path)), model.size)

    def info(
        self,
        model: QuantisedModel,
        repository: Repository,
        cancelled: Callable[[], bool] = never,
    ) -> GgufInfo:
        """Return what the whole header of a model says, checked as that of a file here is."""
        return _info(self._whole(model.files[0], repository, cancelled).header, model)

    def whole(
        self,
        model: QuantisedModel,
        repository: Repository,
        cancelled: Callable[[], bool] = never,
    ) -> WholeHeader:
        """Return the whole header of a model's first file, checked as that of a file here is."""
        file = model.files[0]
        found = self._whole(file, repository, cancelled)
        _info(found.header, model)
        return WholeHeader(found.path, file.size, found.fetched)

    def parts(
        self,
        model: QuantisedModel,
        repository: Repository,
        cancelled: Callable[[], bool] = never,
    ) -> tuple[WholeHeader, ...]:
        """Return the whole headers of all files of a model, in order, checked too."""
        found = [self.whole(model, repository, cancelled)]
        for file in model.files[1:]:
            part = self._whole(file, repository, cancelled)
            with _at_source():
                check_tensors(part.header, file.size)
            found.append(WholeHeader(part.path, file.size, part.fetched))
        return tuple(found)

    def projector(
        self, file: RemoteFile, repository: Repository, cancelled: Callable[[], bool] = never
    ) -> int:
        """Return the bytes that seeing pictures takes with `file`, see `gguf.seeing_bytes`."""
        found = self._whole(file, repository, cancelled)
        with _at_source():
            return seeing_bytes(found.header, file.size)

    def _whole(
        self, file: RemoteFile, repository: Repository, cancelled: Callable[[], bool]
    ) -> _Found:
        with self._turn(file, cancelled):
            return self._known(file, repository, read_header) or self._fetch(
                file, repository, read_header, cancelled
            )

    def _known(self, file: RemoteFile, repository: Repository, read: Read) -> _Found | None:
        kept = self._kept.find(_about(file, repository, read))
        if kept is None:
            return None
        path, content = kept
        try:
            return _Found(read(BytesIO(content), file.size), path)
        except ModelFileError:
            # Another version of Lapis kept less of it, or took it for good: the source is asked.
            with suppress(OSError):
                path.unlink()
            return None

    def _fetch(
        self,
        file: RemoteFile,
        repository: Repository,
        read: Read,
        cancelled: Callable[[], bool],
    ) -> _Found:
        """Return what `read` makes of a file's bytes, fetched until it has enough of them."""
        if repository.refused is not None:
            raise repository.refused
        source = self._places.beginning(file, repository.source, cancelled)
        try:
            with source, _at_source():
                header = read(source, file.size)
        except Stopped:
            raise _cancelled() from None
        finally:
            self._count(source.fetched)
        content = source.content
        try:
            path = self._kept.keep(_about(file, repository, read), content[: header.data or None])
        except OSError as error:
            if read is read_header:
                raise file_fault(error, self._folder) from error
            # What it says is known all the same; its bytes are of no further use.
            path = self._folder
        return _Found(header, path, source.fetched)

    def _count(self, fetched: int) -> None:
        _log.info("%d bytes of a header were fetched", fetched)
        with self._turns:
            self._fetched += fetched

    @contextmanager
    def _turn(self, file: RemoteFile, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Wait for whoever is after the same file: it is fetched once."""
        with self._turns:
            while file.url in self._in_turn:
                if cancelled():
                    raise _cancelled()
                self._turns.wait(_CHECK_SECONDS)
            self._in_turn.add(file.url)
        try:
            yield
        finally:
            with self._turns:
                self._in_turn.remove(file.url)
                self._turns.notify_all()


def _info(header: Header, model: QuantisedModel) -> GgufInfo:
    """Return what the header of a model's first file says of all of it."""
    file = model.files[0]
    check_kind(header)
    with _at_source():
        count, number = header.values.get("split.count", 1), header.values.get("split.no", 0)
        if (count or 1) != len(model.files) or number != 0:
            raise ModelFileError(Text("Parts of this model are missing"), Text(""))
        return info_of(header, Path(local_name(file.path)), file.size, model.size - file.size)


def _cancelled() -> Exception:
    # Only here: a list of headers needs none of what starts processes.
    from desktop.backends.side_job import Cancelled

    return Cancelled()


def _about(file: RemoteFile, repository: Repository, read: Read) -> str:
    return f"{file.url}\n{repository.commit}\n{file.size}\n{file.sha256}\n{read.__name__}"


@contextmanager
def _at_source() -> Iterator[None]:
    """Let what is wrong with a file be told as of one that is not here."""
    try:
        yield
    except ModelFileError as error:
        hint = Text("That is how it is at its source. Choose another file, or another repository.")
        raise ModelFileError(error.title, hint) from error
