"""What became of the keys of the Lapis that runs, left in a small file for `lapis doctor`.

Nobody else can tell: that a key is taken says nothing of who has it. Any thread; whatever the file
holds is read with distrust.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.base.files import write_atomically
from desktop.base.owner import is_mark, is_orphan, mark
from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus

__all__ = ["HotkeyState", "read_hotkeys", "write_hotkeys"]

_MOST_BYTES: Final = 16_384
_LONGEST: Final = 200
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HotkeyState:
    """How keys are had, what became of each, and whether the one for quick questions was pressed.

    Of a result only status and keys are kept.
    """

    mechanism: str
    results: Mapping[KeyAction, KeyResult]
    is_proved: bool = False


def write_hotkeys(path: Path, state: HotkeyState) -> None:
    """Leave `state` as that of this process; where the disk refuses, nothing is left."""
    said = {
        "owner": mark(),
        "mechanism": state.mechanism,
        "proved": state.is_proved,
        "keys": {
            action.value: {"status": result.status.value, "keys": result.keys}
            for action, result in state.results.items()
        },
    }
    try:
        write_atomically(path, json.dumps(said, ensure_ascii=False).encode())
    except OSError as error:
        _log.info("the state of the keys is not left: %s", type(error).__name__)


def read_hotkeys(path: Path) -> HotkeyState | None:
    """Return what the running Lapis left; None if none runs, or for what makes no sense."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            return None
        said = json.loads(content)
        owner = said["owner"]
        if not isinstance(owner, str) or not is_mark(owner) or is_orphan(owner):
            return None
        results = {
            KeyAction(name): KeyResult(KeyStatus(one["status"]), str(one["keys"])[:_LONGEST])
            for name, one in said["keys"].items()
        }
        return HotkeyState(str(said["mechanism"])[:_LONGEST], results, said["proved"] is True)
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return None
