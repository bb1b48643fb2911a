"""Speaking to the Lapis that already runs: the client half of the single instance.

One JSON line goes to its socket (Windows: pipe), `ok` comes back before it acts. Standard library
only, so that a hotkey's `lapis --toggle-popup` takes milliseconds; any process.
"""

import json
import os
import socket
import stat
import sys
import threading
from pathlib import Path

COMMANDS = frozenset({"background", "show", "new-chat", "toggle-popup", "open-model", "quit"})
MAX_LINE = 8192
ANSWER = b"ok\n"
_SECONDS = 1.0


def send_command(socket_name: str, command: str, token: str = "", argument: str = "") -> bool:
    """Hand `command` to the running instance; return whether it took it.

    Blocks for at most one second. `token` is the activation token that lets it take the focus,
    `argument` the model of `open-model`. False means that none runs, that it hangs, or that it
    does not know the command.
    """
    message = {"cmd": command, "token": token, "argument": argument}
    line = json.dumps(message).encode() + b"\n"
    if len(line) > MAX_LINE:
        return False
    if sys.platform == "win32":
        return _through_pipe(rf"\\.\pipe\{socket_name}", line)
    return is_private(Path(socket_name).parent) and _through_socket(socket_name, line)


def is_private(folder: Path) -> bool:
    """Return whether `folder` is a real folder that belongs to this account alone.

    A socket in a folder that others can write to may be somebody else's.
    """
    if sys.platform == "win32":
        return True
    try:
        found = folder.lstat()
    except OSError:
        return False
    shared = stat.S_IWGRP | stat.S_IWOTH
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & shared
    )


def _through_socket(path: str, line: bytes) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(_SECONDS)
        try:
            client.connect(path)
            client.sendall(line)
            return client.recv(len(ANSWER)) == ANSWER
        except OSError:
            return False


def _through_pipe(path: str, line: bytes) -> bool:
    from desktop.system.foreground import let_server_come_to_front

    answers: list[bytes] = []

    def talk() -> None:
        try:
            with Path(path).open("r+b", buffering=0) as pipe:
                let_server_come_to_front(pipe.fileno())
                pipe.write(line)
                answers.append(pipe.read(len(ANSWER)) or b"")
        except OSError:
            return

    thread = threading.Thread(target=talk, name="instance-client", daemon=True)
    thread.start()
    thread.join(_SECONDS)
    return answers == [ANSWER]
