"""The settings file: JSON that a person can read, and that cannot keep Lapis from starting.

Every field is judged by itself: what is missing, of the wrong type or out of bounds becomes its
default. Only Offline does not: whoever chose it is not put online by a damaged file. What a newer
version wrote is kept, and what another process changed since, such as a command beside the window.
The GUI thread of the window, the main thread of a command.
"""

import contextlib
import errno
import logging
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, get_args, get_type_hints

import msgspec

from desktop.base.disk_faults import is_full, is_protected
from desktop.base.file_lock import alone
from desktop.base.files import write_atomically
from desktop.config.bounds import BOUNDS
from desktop.domain.errors import StorageError
from desktop.domain.settings import ConnectionSettings, Settings
from desktop.domain.text import Text, encodable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# What JSON holds: checked field by field before it becomes a setting.
Json: TypeAlias = dict[str, Any]
Tree = TypeVar("Tree", bound="DataclassInstance")

# What is in use where nobody can tell what was set.
CAREFUL: Final = Settings(connections=ConnectionSettings(offline=True))
# So long one process waits for another that is saving.
_PATIENCE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class SettingsStore:
    """Settings in one file, replaced as a whole at each save."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: Json = {}
        self._before: Json = {}
        self.problem: StorageError | None = None

    def load(self) -> Settings:
        """Return the settings in the file, `CAREFUL` if it cannot be read; never fails.

        A file that is no settings file is kept under another name. `problem` then holds what a person has to
        be told; None after a load without trouble.
        """
        self.problem = None
        self._found = {}
        content = b""
        try:
            content = self._path.read_bytes()
            self._found = msgspec.json.decode(content, type=Json)
        except FileNotFoundError:
            pass
        except OSError as error:
            _log.warning("settings cannot be read: %s", error.strerror)
            self._found = _as_json(CAREFUL)
            self.problem = StorageError(
                Text(
                    "The settings cannot be read, so the usual ones are in use, and Lapis is offline"
                ),
                Text("Check that {path} is a file that you may read.", {"path": str(self._path)}),
            )
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._found = self._before = _as_json(CAREFUL)
            self.problem = self._put_aside(content)
        raw = self._found
        if not _tells_offline(raw):
            _log.warning("whether Lapis is offline is of the wrong type")
            raw = _offline(raw)
            self.problem = StorageError(
                Text("The settings do not tell whether Lapis is offline, so it stays offline"),
                Text("Choose it in the settings, under Connections."),
            )
        settings = _read(Settings, raw, "")
        self._before = _merge(raw, _as_json(settings))
        return settings

    def predates(self, name: str) -> bool:
        """Return whether the file that was loaded is older than the setting `name`.

        False where there was no file, or none that could be read.
        """
        return bool(self._found) and name not in self._found

    def save(self, settings: Settings) -> None:
        """Replace the file; raises StorageError, and then the old file is whole.

        Fields that this version does not know stay as they were loaded, and those that others have
        changed since as these left them, unless they are changed here as well.
        """
        mine = _merge(self._before, _as_json(settings))
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._path.with_name(f"{self._path.name}.lock")
            with alone(lock, _PATIENCE_SECONDS):
                content = _beside(self._now(), self._found, self._before, mine)
                encoded = msgspec.json.format(msgspec.json.encode(content)) + b"\n"
                write_atomically(self._path, encoded)
        except OSError as error:
            raise self._not_saved(error) from error
        self._found = self._before = mine

    def _now(self) -> Json:
        """Return what is in the file, as far as it is one."""
        try:
            now: Json = msgspec.json.decode(self._path.read_bytes(), type=Json)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return {}
        return now

    def _put_aside(self, content: bytes) -> StorageError:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        try:
            # A copy: where the file is missing, other processes begin with the usual settings.
            write_atomically(aside, content)
        except OSError as error:
            _log.warning("damaged settings cannot be put aside: %s", error.strerror)
            aside = self._path
        else:
            # The next start must be no more online than this one, and a window that knows the
            # settings still has to find nothing in it that another one has chosen.
            with contextlib.suppress(OSError):
                write_atomically(self._path, msgspec.json.encode(_offline({})))
        _log.warning("the settings file is damaged")
        return StorageError(
            Text(
                "The settings file was damaged, so the usual settings are in use, and Lapis is offline"
            ),
            Text(
                "The damaged file was kept as {path}. Choose in the settings, under Connections, "
                "whether Lapis stays offline.",
                {"path": str(aside)},
            ),
        )

    def _not_saved(self, error: OSError) -> StorageError:
        folder = {"folder": str(self._path.parent)}
        if is_full(error) or error.errno == errno.EFBIG:
            return StorageError(
                Text("The disk is full, so the settings cannot be saved"),
                Text("Free some space on the disk that holds {folder}.", folder),
            )
        if is_protected(error):
            return StorageError(
                Text("The settings cannot be saved, because their folder is write-protected"),
                Text("Allow writing to {folder}.", folder),
            )
        return StorageError(
            Text("The settings cannot be saved"),
            Text("Check that {folder} exists and that you may write to it.", folder),
        )


def _tells_offline(raw: Json) -> bool:
    connections = raw.get("connections", {})
    return isinstance(connections, dict) and isinstance(connections.get("offline", False), bool)


def _offline(raw: Json) -> Json:
    connections = raw.get("connections")
    kept = connections if isinstance(connections, dict) else {}
    return {**raw, "connections": {**kept, "offline": True}}


def _read(kind: type[Tree], raw: object, place: str) -> Tree:
    """Build `kind` from what is usable of `raw`; `place` is the dotted name of where we are."""
    usable: Json = {}
    types = get_type_hints(kind)
    known = raw if isinstance(raw, dict) else {}
    for field in fields(kind):
        name = field.name
        if name not in known:
            continue
        here = f"{place}{name}"
        if is_dataclass(types[name]):
            usable[name] = _read(types[name], known[name], f"{here}.")
            continue
        try:
            value = msgspec.convert(_usable(known[name], types[name], here), types[name])
        except msgspec.ValidationError:
            _log.warning("setting %s is of the wrong type", here)
            continue
        if here in BOUNDS and not BOUNDS[here](value):
            _log.warning("setting %s is out of bounds", here)
            continue
        usable[name] = value
    return kind(**usable)


def _usable(raw: object, kind: Any, here: str) -> object:
    """Return a list without the values in it that are no good, anything else as it is.

    What a person entered one by one, or a newer Lapis added, is not to be lost as a whole.
    """
    check = BOUNDS.get(f"{here}[]")
    if check is None or not isinstance(raw, list):
        return raw
    inner = get_args(kind)[0]
    kept: list[object] = []
    for value in raw:
        try:
            if check(msgspec.convert(value, inner)):
                kept.append(value)
                continue
        except msgspec.ValidationError:
            pass
        _log.warning("one of the setting %s is of the wrong type or out of bounds", here)
    return kept


def _as_json(settings: Settings) -> Json:
    content: Json = _writable(msgspec.to_builtins(settings))
    return content


def _writable(value: Any) -> Any:
    """Return `value` with what has no UTF-8 form, as in the name of an odd file, made visible."""
    match value:
        case dict():
            return {name: _writable(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_writable(inner) for inner in value]
        case str():
            return encodable(value)
        case _:
            return value


def _merge(old: Json, new: Json) -> Json:
    """Return `new` with what only `old` has, at every level."""
    merged = {**old, **new}
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            merged[name] = _merge(before, value)
    return merged


def _beside(now: Json, found: Json, before: Json, mine: Json) -> Json:
    """Return `mine` with what others changed in the file, which is `now` and was as `found`.

    `before` was mine at that time: what differs from it was changed here.
    """
    content = {**now, **mine}
    for name, value in mine.items():
        theirs = now.get(name)
        if isinstance(value, dict):
            if isinstance(theirs, dict):
                content[name] = _beside(theirs, _inner(found, name), _inner(before, name), value)
        elif name in now and theirs != found.get(name) and value == before.get(name):
            content[name] = theirs
    return content


def _inner(content: Json, name: str) -> Json:
    inner = content.get(name)
    return inner if isinstance(inner, dict) else {}
