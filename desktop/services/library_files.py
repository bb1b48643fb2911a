"""Personas, prompts and quick actions in a file, to take along or to hand on: JSON, and nothing in it is run.

Any thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from desktop.base.files import write_atomically
from desktop.domain.chat_settings import Persona, SavedPrompt
from desktop.domain.errors import UserFixable
from desktop.domain.quick_action import QuickAction
from desktop.domain.text import Text, printable, shortened
from desktop.services.library_checks import Refused, action_from, persona_from, prompt_from

__all__ = ["LeftOut", "LibraryFileError", "LibraryPart", "read_library", "write_library"]

_FORMAT: Final = "lapis-library"
_VERSION: Final = 1
_LARGEST: Final = 8_000_000
_MOST: Final = 1000
_SHOWN: Final = 40
_EMPTY: Final[tuple[object, ...]] = (None, (), "")

Item = TypeVar("Item")


class LibraryFileError(UserFixable):
    """The file holds nothing of a library that could be read, or cannot be written."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of a file that was refused; `name` is empty where it has none."""

    name: str
    why: Text


@dataclass(frozen=True, slots=True)
class LibraryPart:
    """What a file holds; the ids are empty and given by whoever keeps it."""

    personas: tuple[Persona, ...] = ()
    prompts: tuple[SavedPrompt, ...] = ()
    actions: tuple[QuickAction, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def write_library(
    path: Path,
    personas: Sequence[Persona],
    prompts: Sequence[SavedPrompt],
    actions: Sequence[QuickAction] = (),
) -> None:
    """Write them into one file at `path`, in place of what was there; raises LibraryFileError.

    Models are named only as names: a path would tell how this computer's folders are called.
    """
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "personas": [_persona(one) for one in personas],
        "prompts": [_prompt(one) for one in prompts],
        "actions": [_action(one) for one in actions],
    }
    encoded = msgspec.json.format(msgspec.json.encode(content), indent=2)
    try:
        write_atomically(path, encoded + b"\n")
    except OSError as error:
        raise LibraryFileError(
            Text("{name} cannot be written", {"name": path.name}),
            Text("{reason}. Choose another folder.", {"reason": error.strerror or str(error)}),
        ) from error


def read_library(path: Path) -> LibraryPart:
    """Return what the file at `path` holds, as far as it can be read; raises LibraryFileError."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise LibraryFileError(
            Text("{name} cannot be read", {"name": path.name}),
            Text("{reason}. Choose another file.", {"reason": error.strerror or str(error)}),
        ) from error
    if len(data) > _LARGEST:
        raise _foreign(path, Text("It is far too large for one. Choose another file."))
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _foreign(
            path, Text("It is damaged, or of another kind. Choose another file.")
        ) from error
    if not isinstance(found, dict) or found.get("format") != _FORMAT:
        raise _foreign(path, Text("It is of another kind. Choose a file that Lapis has exported."))
    version = found.get("version")
    if not isinstance(version, int) or version > _VERSION:
        raise _foreign(path, Text("A newer Lapis has written it. Update Lapis, then try again."))
    personas, wrong = _read(found.get("personas"), persona_from)
    prompts, wrong_too = _read(found.get("prompts"), prompt_from)
    actions, wrong_as_well = _read(found.get("actions"), action_from)
    return LibraryPart(personas, prompts, actions, (*wrong, *wrong_too, *wrong_as_well))


def _read(
    raw: object, make: Callable[[dict[str, Any], str], Item]
) -> tuple[tuple[Item, ...], tuple[LeftOut, ...]]:
    if raw is None:
        return (), ()
    if not isinstance(raw, list):
        return (), (LeftOut("", Text("A part of the file is damaged.")),)
    items: list[Item] = []
    wrong: list[LeftOut] = []
    for each in raw[:_MOST]:
        if not isinstance(each, dict):
            wrong.append(LeftOut("", Text("A part of the file is damaged.")))
            continue
        try:
            items.append(make(each, ""))
        except Refused as refused:
            wrong.append(LeftOut(_called(each), refused.why))
    if len(raw) > _MOST:
        left = {"count": len(raw) - _MOST}
        wrong.append(LeftOut("", Text("{count} more do not fit.", left)))
    return tuple(items), tuple(wrong)


def _called(raw: dict[str, Any]) -> str:
    name = raw.get("name")
    return shortened(printable(name[:200], ""), _SHOWN) if isinstance(name, str) else ""


def _persona(persona: Persona) -> dict[str, Any]:
    settings = asdict(persona.settings)
    del settings["persona"]
    model = settings["model"]
    if model is not None and {"/", "\\"} & set(model):
        del settings["model"]
    told = {"name": persona.name, "icon": persona.icon, "about": persona.about}
    return {**_filled(told), "settings": _filled(settings)}


def _prompt(prompt: SavedPrompt) -> dict[str, Any]:
    told = asdict(prompt)
    del told["id"], told["built_in"]
    return _filled(told)


def _action(action: QuickAction) -> dict[str, Any]:
    told = asdict(action)
    del told["id"], told["built_in"]
    for variant in told["variants"]:
        del variant["id"]
    return _filled(told)


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in _EMPTY}


def _foreign(path: Path, hint: Text) -> LibraryFileError:
    return LibraryFileError(
        Text("{name} holds no personas, prompts or actions", {"name": path.name}), hint
    )
