"""What the headers of models say, installed or only listed, each read once. Any thread.

Those of listed models come over the network, if there is one. For llama.cpp to be asked about one
they are put into files with nothing behind the header. These lie where engine processes have their
folders, so that what a killed Lapis leaves there goes with the next load.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from desktop.backends.process import new_folder
from desktop.base.cancelling import never
from desktop.base.sparse import sparse_file
from desktop.domain.errors import ModelFileError, NetworkError
from desktop.domain.model import GgufInfo, InstalledModel, LoadPlan
from desktop.domain.text import Text
from desktop.models.gguf import read_gguf
from desktop.models.split import part_path
from desktop.services.sized_points import Listed, Subject, changed_at, key_of, stamp_of, with_room

if TYPE_CHECKING:
    from desktop.services.remote_headers import RemoteHeaders, WholeHeader


class ModelHeaders:
    """Headers by what they are known under."""

    def __init__(self, remote: "RemoteHeaders | None") -> None:
        """Read nothing yet; `remote` fetches what is elsewhere."""
        self.remote = remote
        self._lock = threading.Lock()
        self._infos: dict[str, tuple[str, GgufInfo]] = {}
        # By what it is told that a file was written anew in its place: nanoseconds.
        self._changed: dict[str, int] = {}
        self._projectors: dict[str, int] = {}
        self._drafts: dict[Path, GgufInfo | None] = {}

    def known(self, subject: Subject) -> GgufInfo | None:
        """Return what was read of `subject` as it is now; None while nothing was."""
        with self._lock:
            state, info = self._infos.get(key_of(subject), ("", None))
        return info if state == _state(subject) else None

    def installed(self, model: InstalledModel) -> GgufInfo:
        """Return what the header of an installed model said; raises ModelFileError."""
        return self.known(model) or self._read(model)

    def read(
        self, subject: Subject, cancelled: Callable[[], bool] = never, *, whole: bool = False
    ) -> GgufInfo | None:
        """Return what is needed to reckon with; see `Sizes.read_header`."""
        known = self.known(subject)
        if isinstance(subject, InstalledModel):
            is_new = self._changed.get(key_of(subject)) != changed_at(subject.path)
            return self._read(subject) if known is None or is_new else known
        if self.remote is None or (known is not None and not whole):
            return known
        ask = self.remote.info if whole else self.remote.first
        return self._remember(subject, ask(subject.model, subject.repository, cancelled))

    def draft(self, plan: LoadPlan) -> GgufInfo | None:
        """Return what the model says that guesses ahead; None where it is no model.

        So it is left out when a model is loaded.
        """
        path = plan.draft_model
        if path is None:
            return None
        if path not in self._drafts:
            try:
                self._drafts[path] = read_gguf(path)
            except ModelFileError:
                self._drafts[path] = None
        return self._drafts[path]

    def pictures(self, subject: Subject) -> int:
        """Return at once about how many bytes seeing pictures takes, 0 where it is not wanted."""
        if isinstance(subject, InstalledModel) or subject.projector is None:
            return 0
        return self._projectors.get(key_of(subject), with_room(subject.projector.size))

    def projector(self, subject: Listed, cancelled: Callable[[], bool]) -> int:
        """Return how many bytes that takes, asked of the network once; raises LapisError."""
        if subject.projector is None:
            return 0
        key = key_of(subject)
        if key not in self._projectors:
            remote = self._network()
            found = remote.projector(subject.projector, subject.repository, cancelled)
            self._projectors[key] = found
        return self._projectors[key]

    @contextmanager
    def hollow(
        self, subject: Listed, work_folder: Path, cancelled: Callable[[], bool]
    ) -> Iterator[Path]:
        """Give a file with the header of a listed model and nothing behind it, for a while.

        Raises LapisError.
        """
        remote = self._network()
        self._remember(subject, remote.info(subject.model, subject.repository, cancelled))
        heads = remote.parts(subject.model, subject.repository, cancelled)
        with hollow_model(work_folder, heads) as path:
            yield path

    def _network(self) -> "RemoteHeaders":
        if self.remote is None:
            raise NetworkError(
                Text("Nothing can be asked of this model here"),
                Text("Download it, or try again while there is a network."),
            )
        return self.remote

    def _read(self, model: InstalledModel) -> GgufInfo:
        changed = changed_at(model.path)
        info = self._remember(model, read_gguf(model.path))
        self._changed[key_of(model)] = changed
        return info

    def _remember(self, subject: Subject, info: GgufInfo) -> GgufInfo:
        with self._lock:
            self._infos[key_of(subject)] = (_state(subject), info)
        return info


@contextmanager
def hollow_model(work_folder: Path, heads: Sequence["WholeHeader"]) -> Iterator[Path]:
    """Give the first of the files that `heads` are the headers of, each of its true size.

    Raises StorageError, among others where the disk cannot hold a hole.
    """
    folder = new_folder(work_folder)
    try:
        with ExitStack() as stack:
            files = [stack.enter_context(sparse_file(folder, one.path, one.size)) for one in heads]
            first = files[0]
            if len(files) > 1:
                # llama.cpp finds the parts by their names.
                named = folder / "model.gguf"
                for number, file in enumerate(files, 1):
                    os.link(file, part_path(named, number, len(files)))
                first = part_path(named, 1, len(files))
            yield first
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _state(subject: Subject) -> str:
    return str(subject.size) if isinstance(subject, InstalledModel) else stamp_of(subject)
