"""What crashes taught about model files, kept over restarts of Lapis.

A lesson says with which safer plan a file is loaded and how often in a row it brought the engine
down. It holds for the file as it is (path, size, time of change) and for the version of the
llama.cpp bindings: another file or another version starts with a clean slate. A second small file
stands beside the lessons for as long as a model is being loaded; one that is found later without
its Lapis tells of a load that took everything down with it.

One instance belongs to one engine's worker thread. Several instances of Lapis may share the folder:
of one file, what is written last counts.
"""

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import msgspec

from desktop.backends.ladder import Cause
from desktop.backends.libraries import bindings_version
from desktop.base.file_lock import alone
from desktop.base.files import write_atomically
from desktop.base.owner import is_orphan, mark
from desktop.base.path_text import path_of, text_of
from desktop.domain.model import KvType, LoadPlan
from desktop.domain.text import Text, Value

DEATHS_IN_A_ROW: Final = 2
_LIMITED: Final = (
    *("next_token_heads", "extra_buffers", "n_gpu_layers", "devices", "n_ctx", "kv_type"),
)
_LOADING: Final = "loading-"
_MOST_LESSONS = 200
_MOST_BYTES = 1024 * 1024
_PATIENCE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)
_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31)]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is known of one file: fields of the plan that are limited (None: as planned), and why.

    `message` with `values` is what a person was told about the last change; `cause` of the last
    death; `deaths` in a row; `pending`: no safer plan was chosen after it yet; `date` in ISO 8601.
    """

    next_token_heads: bool | None = None
    extra_buffers: bool | None = None
    n_gpu_layers: _Count | None = None
    devices: tuple[str, ...] | None = None
    n_ctx: _Count | None = None
    kv_type: KvType | None = None
    message: str = ""
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    cause: Cause = Cause.CRASH
    deaths: _Count = 0
    pending: bool = False
    date: str = ""

    @property
    def crashes_here(self) -> bool:
        """Whether the file is not to be tried again by itself."""
        return self.deaths >= DEATHS_IN_A_ROW

    @property
    def told(self) -> Text | None:
        """What was given up, in words; None where nothing was."""
        return Text(self.message, self.values) if self.message else None

    def applied(self, plan: LoadPlan) -> LoadPlan:
        """Return `plan` with what this lesson limits; wishes that are more modest stay."""
        layers, n_ctx = plan.n_gpu_layers, plan.n_ctx
        if self.n_gpu_layers is not None:
            layers = self.n_gpu_layers if layers < 0 else min(layers, self.n_gpu_layers)
        if self.n_ctx:
            n_ctx = min(n_ctx or self.n_ctx, self.n_ctx)
        changed = replace(plan, n_gpu_layers=layers, n_ctx=n_ctx)
        if self.kv_type is not None and plan.can_shrink_cache and plan.kv_type is KvType.F16:
            changed = replace(changed, kv_type=self.kv_type)
        if self.next_token_heads is not None:
            heads = plan.next_token_heads and self.next_token_heads
            changed = replace(
                changed, next_token_heads=heads, rollback=plan.rollback if heads else 0
            )
        if self.extra_buffers is not None:
            changed = replace(changed, extra_buffers=plan.extra_buffers and self.extra_buffers)
        if self.devices is not None:
            # Proportions belong to the devices they were made for.
            changed = replace(changed, devices=self.devices, tensor_split=())
        return changed

    def with_change(self, before: LoadPlan, after: LoadPlan, told: Text) -> "Lesson":
        """Return the lesson that turns a plan which came to `before` into `after`."""
        changes: dict[str, object] = {
            name: getattr(after, name)
            for name in _LIMITED
            if getattr(after, name) != getattr(before, name)
        }
        return replace(self, **changes, message=told.message, values=dict(told.values))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class _Entry:
    size: int
    changed: int
    engine: str
    lesson: Lesson


@dataclass(frozen=True, slots=True)
class _Marker:
    path: str


class Learned:
    """The lessons in `folder`, which is made when it is needed; None keeps them in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        """Touch nothing yet."""
        self._folder = folder
        self._memory: dict[str, _Entry] = {}
        self._marker: Path | None = None

    def recall(self, path: Path) -> Lesson:
        """Return what is known of the file; an empty lesson where nothing is."""
        entry = self._entries().get(_name(path))
        if entry is None or (entry.size, entry.changed) != _stamp(path):
            return Lesson()
        return entry.lesson if entry.engine == bindings_version() else Lesson()

    def remember(self, path: Path, lesson: Lesson) -> None:
        """Keep a lesson in place of what was known of the file."""
        size, changed = _stamp(path)
        dated = replace(lesson, date=datetime.now(UTC).isoformat(timespec="seconds"))
        with self._alone():
            entries = self._entries()
            entries.pop(_name(path), None)
            entries[_name(path)] = _Entry(size, changed, bindings_version(), dated)
            self._write(dict(list(entries.items())[-_MOST_LESSONS:]))

    def forget(self, path: Path) -> None:
        """Know nothing of the file any more."""
        with self._alone():
            entries = self._entries()
            if entries.pop(_name(path), None) is not None:
                self._write(entries)

    def loading(self, path: Path) -> None:
        """Leave word on the disk that `path` is being loaded by this process."""
        self.settled()
        if self._folder is None:
            return
        marker = self._folder / f"{_LOADING}{mark()}.json"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(marker, msgspec.json.encode(_Marker(_name(path))))
        except OSError as error:
            _log.warning("no word can be left of a load: %s", error.strerror)
            return
        self._marker = marker

    def settled(self) -> None:
        """Take the word back: the load succeeded, or failed in order."""
        marker, self._marker = self._marker, None
        if marker is not None:
            _remove(marker)

    def take_casualties(self) -> list[Path]:
        """Return the files whose loading some Lapis did not survive, each told once."""
        if self._folder is None:
            return []
        dead: list[Path] = []
        for file in sorted(self._folder.glob(f"{_LOADING}*.json")):
            if not is_orphan(file.stem.removeprefix(_LOADING)):
                continue
            with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
                marker = msgspec.json.decode(file.read_bytes(), type=_Marker)
                dead.append(path_of(marker.path))
            _remove(file)
        return dead

    def _alone(self) -> AbstractContextManager[None]:
        """Have no other Lapis change the lessons meanwhile."""
        if self._folder is None:
            return nullcontext()
        return alone(self._folder / "lessons.json.lock", _PATIENCE_SECONDS)

    def _entries(self) -> dict[str, _Entry]:
        if self._folder is None:
            return dict(self._memory)
        try:
            with (self._folder / "lessons.json").open("rb") as stream:
                content = stream.read(_MOST_BYTES + 1)
            known: dict[str, _Entry] = msgspec.json.decode(content, type=dict[str, _Entry])
            return known
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("lessons about model files are unreadable: %s", type(error).__name__)
            return dict(self._memory)

    def _write(self, entries: dict[str, _Entry]) -> None:
        # Also where the disk refuses, the same run knows.
        self._memory = entries
        if self._folder is None:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = msgspec.json.format(msgspec.json.encode(entries))
            write_atomically(self._folder / "lessons.json", content)
        except OSError as error:
            _log.warning("a lesson about a model file is not kept: %s", error.strerror)


def _name(path: Path) -> str:
    return text_of(path.absolute())


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _remove(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("a word about a load cannot be removed: %s", error.strerror)
