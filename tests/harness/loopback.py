"""Nothing reaches beyond loopback: an audit hook refuses it and remembers that it was tried.

The hook sees every socket that Python code opens in this process, whatever library opens it. Code
that does not go through Python (Qt, child processes) is held by `tests.harness.offline`. Installed
in the tests' own process by conftest, and in programs that tests start by `guarded`, whose start-up
this module must not slow down: nothing is imported that Python has not loaded anyway.
"""

import os
import sys
from typing import Final

LOG_VARIABLE: Final = "LAPIS_TEST_NETWORK_LOG"
_WITH_ADDRESS: Final = frozenset(
    {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}
)
_WITH_NAME: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_LOCAL_NAMES: Final = frozenset({"", "localhost", "::1", "None"})


class NetworkRefusedError(OSError):
    """Something tried to leave the machine."""


class LoopbackGuard:
    """Refuses and remembers; an audit hook cannot be removed, so there is one for a process."""

    def __init__(self) -> None:
        """Install the hook."""
        self._attempts: list[str] = []
        self._log = os.environ.get(LOG_VARIABLE, "")
        sys.addaudithook(self._on_event)

    def taken(self) -> list[str]:
        """Return what was tried since the last call."""
        attempts, self._attempts = self._attempts, []
        return attempts

    def _on_event(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _WITH_ADDRESS:
            address = arguments[1]
            # Other kinds of sockets have paths or numbers for addresses.
            first = address[0] if isinstance(address, tuple) and address else ""
            host = first if isinstance(first, str) else ""
        elif event in _WITH_NAME:
            named = arguments[0]
            host = named.decode() if isinstance(named, bytes) else str(named)
        else:
            return
        if not is_local(host):
            self._refuse(f"{event} to {host}")

    def _refuse(self, attempt: str) -> None:
        self._attempts.append(attempt)
        if self._log:
            with open(self._log, "a", encoding="utf-8") as stream:  # noqa: PTH123 - no pathlib yet
                stream.write(attempt + "\n")
        raise NetworkRefusedError(f"beyond loopback: {attempt}")


def is_local(host: str) -> bool:
    """Return whether `host` is this machine; binding to every address (0.0.0.0) is not."""
    return host in _LOCAL_NAMES or host.startswith("127.")
