"""What whoever looks after this computer has decided for all who use it. Any thread.

One JSON file in the folder where each system keeps what is for all; elsewhere than on Windows only an
administrator can put it there. It can forbid, and never allow: what a person has not agreed to stays
off whatever is written in it, and whoever has written it.

    {"update_check": false}
"""

import logging
import sys
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Final

from desktop.base.json_values import object_in

VARIABLE: Final = "LAPIS_NO_UPDATE_CHECK"
_MOST_BYTES: Final = 64 * 1024

_log = logging.getLogger(__name__)


def policy_file(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return where the file is on this system, whether it is there or not."""
    if platform == "win32":
        shared = environment.get("PROGRAMDATA") or r"C:\ProgramData"
        return Path(str(PureWindowsPath(shared) / "Lapis" / "policy.json"))
    if platform == "darwin":
        return Path("/Library/Application Support/Lapis/policy.json")
    return Path("/etc/lapis/policy.json")


def forbids_update_check(environment: Mapping[str, str], file: Path) -> bool:
    """Return whether nobody may be asked for newer versions.

    So it is with `LAPIS_NO_UPDATE_CHECK` set to anything but 0, and where the policy in `file` says
    so. A policy that cannot be read forbids: somebody meant something by it.
    """
    if environment.get(VARIABLE, "") not in {"", "0"}:
        return True
    try:
        return object_in(file, _MOST_BYTES).get("update_check", True) is not True
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        _log.warning("the policy of this computer cannot be read, so no one is asked for updates")
        return True
