"""What macOS says of a launch agent. Never run on macOS so far.

Source: `+[SMAppService statusForLegacyURL:]` of the framework ServiceManagement, macOS 13. Any
thread.
"""

import ctypes
from pathlib import Path
from typing import Final

from desktop.system.objective_c import Messenger, Runtime, text_object

_FRAMEWORK: Final = "/System/Library/Frameworks/ServiceManagement.framework/ServiceManagement"


def agent_status(path: Path) -> int | None:
    """Return the SMAppServiceStatus of the agent `path`; None where it cannot be asked."""
    try:
        # The class is known once its framework is loaded.
        ctypes.CDLL(_FRAMEWORK)
        runtime = Runtime()
    except OSError:
        return None
    with runtime.pool():
        return status_of(runtime, path)


def status_of(messenger: Messenger, path: Path) -> int | None:
    """Ask `messenger` for it."""
    service = messenger.named("SMAppService")
    if not service:
        return None
    takes = (ctypes.c_void_p,)
    words = text_object(messenger, str(path))
    address = messenger.send(messenger.named("NSURL"), "fileURLWithPath:", words, takes=takes)
    said = messenger.send(
        service, "statusForLegacyURL:", address, takes=takes, answers=ctypes.c_long
    )
    return int(said)
