"""One Lapis for each data folder: the lock that decides, and the server half of the socket.

The lock decides, never the socket: a second `listen` on the same name succeeds and takes the
socket away from the first. GUI thread.
"""

import json
import logging
import os
import sys
import time
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from desktop.base.disk_faults import file_fault, is_full
from desktop.base.paths import Paths
from desktop.domain.errors import AlreadyRunning, StorageError
from desktop.domain.text import Text
from desktop.system.instance import ANSWER, COMMANDS, MAX_LINE, is_private, send_command

__all__ = ["InstanceServer", "take_lock"]

_log = logging.getLogger(__name__)
_TRY_MS = 100
# A computer that has just started may take so long for the first one's window.
_PATIENCE_SECONDS = 15.0
_IDLE_MS = 2000


def take_lock(paths: Paths, command: str, token: str = "", argument: str = "") -> QLockFile | None:
    """Return the held lock of the data folder, or None: the running instance took `command`.

    Raises AlreadyRunning when one holds the lock and does not answer for 15 seconds, and
    StorageError when the folder cannot be written. Hold on to the lock until the very end.
    """
    lock = QLockFile(str(paths.lock))
    lock.setStaleLockTime(0)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        if send_command(paths.socket, command, token, argument):
            return None
        if lock.tryLock(_TRY_MS):
            return lock
        if lock.error() is not QLockFile.LockError.LockFailedError:
            raise _unwritable(paths)
        if not _clear_abandoned(paths.lock) and time.monotonic() > deadline:
            raise AlreadyRunning(
                Text("Lapis is already running, but it does not answer."),
                Text("Wait a moment, or end the running Lapis and start it again."),
            )


def _unwritable(paths: Paths) -> StorageError:
    """Return why there can be no lock; Qt does not tell a full disk from a folder of others."""
    import tempfile  # No other start needs it.

    try:
        with tempfile.TemporaryFile(buffering=0, dir=paths.lock.parent) as probe:
            probe.write(b"Lapis")
    except OSError as error:
        if is_full(error):
            return file_fault(error, paths.data)
    return StorageError(
        Text("Lapis cannot write to its data folder."),
        Text(
            "Make {folder} writable, or start Lapis with another folder (--data-dir).",
            {"folder": str(paths.data)},
        ),
    )


def _clear_abandoned(path: Path) -> bool:
    """Remove the lock file if nobody holds it, whatever process number is written in it.

    After a crash the number may belong to a stranger by now; the lock that Qt keeps on the open
    file tells. The file is removed under that lock, and only while it still is the one at `path`.
    An empty one is left alone at first: Qt makes the file, locks it and then writes into it, and
    goes on without that lock if somebody else has it just then.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        opened = os.fstat(handle)
        if opened.st_size == 0 and time.time() - opened.st_mtime < _PATIENCE_SECONDS:
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if opened.st_ino != path.stat().st_ino:
            return False
        path.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


class InstanceServer(QObject):
    """Takes commands from later starts and from `lapis --toggle-popup`."""

    command_received = Signal(str, str, str)
    """(command, activation token, argument); sent after the client has its answer."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Be silent until `listen`."""
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_new_connection)

    def listen(self, name: str) -> bool:
        """Take commands on `name` from now on; only while the lock is held."""
        folder = Path(name).parent
        if sys.platform != "win32":
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not is_private(folder):
                _log.warning("the folder of the command socket is not private")
                return False
        QLocalServer.removeServer(name)
        return self._server.listen(name)

    def close(self) -> None:
        """Take no more commands; idempotent."""
        self._server.close()

    def _on_new_connection(self) -> None:
        while self._server.hasPendingConnections():
            _Connection(self._server.nextPendingConnection(), self)


class _Connection(QObject):
    """One client: one line in, `ok` out, or nothing at all."""

    def __init__(self, socket: QLocalSocket, server: InstanceServer) -> None:
        super().__init__(socket)
        self._socket = socket
        self._server = server
        self._got = b""
        socket.readyRead.connect(self._on_ready_read)
        socket.disconnected.connect(socket.deleteLater)
        QTimer.singleShot(_IDLE_MS, self, socket.abort)
        self._on_ready_read()

    def _on_ready_read(self) -> None:
        room = MAX_LINE - len(self._got) + 1
        self._got += self._socket.read(room).data()
        line, end, _ = self._got.partition(b"\n")
        if not end:
            if len(self._got) > MAX_LINE:
                self._socket.abort()
            return
        self._socket.readyRead.disconnect(self._on_ready_read)
        message = _parse(line)
        if message is None:
            self._socket.abort()
            return
        self._socket.write(ANSWER)
        self._socket.flush()
        self._socket.disconnectFromServer()
        QTimer.singleShot(0, self._server, lambda: self._server.command_received.emit(*message))


def _parse(line: bytes) -> tuple[str, str, str] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    if not isinstance(message, dict) or message.get("cmd") not in COMMANDS:
        return None
    token, argument = message.get("token", ""), message.get("argument", "")
    if not isinstance(token, str) or not isinstance(argument, str):
        return None
    return message["cmd"], token, argument
