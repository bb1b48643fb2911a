"""Looking at the settings file without changing anything: for `lapis doctor`, in its thread."""

from pathlib import Path

import msgspec

from desktop.domain.errors import StorageError
from desktop.domain.text import Text


def settings_fault(path: Path) -> StorageError | None:
    """Return what is wrong with the settings file at `path`; None if it is readable or absent."""
    try:
        msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except FileNotFoundError:
        return None
    except OSError as error:
        return StorageError(
            Text("The settings cannot be read: {reason}", {"reason": error.strerror or str(error)}),
            Text("Check that {path} is a file that you may read.", {"path": str(path)}),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return StorageError(
            Text("The settings file is damaged"),
            Text(
                "Mend or delete {path}; at its next start Lapis would put it aside, and stay offline.",
                {"path": str(path)},
            ),
        )
    return None
