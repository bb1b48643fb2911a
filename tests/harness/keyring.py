"""A real keyring daemon on a message bus of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jeepney.bus_messages import message_bus as bus
from jeepney.io.blocking import open_dbus_connection

from tests.harness.message_bus import message_bus
from tests.harness.waiting import wait_for


@contextmanager
def only_bus(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let this process see a bus without services alone: nobody's own keyring is asked.

    `folder` is made for it, and holds what a keyring daemon would write. Yields the address.
    """
    if sys.platform != "linux":
        pytest.skip("a keyring daemon of Linux")
    folder.mkdir()
    with message_bus(folder) as address:
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        patch.setenv("XDG_DATA_HOME", str(folder))
        yield address


@contextmanager
def keyring_daemon(address: str) -> Iterator[None]:
    """Run GNOME Keyring on the bus at `address`, its collection made and unlocked."""
    process = subprocess.Popen(
        ["gnome-keyring-daemon", "--unlock", "--foreground", "--components=secrets"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=_environment(address),
    )
    assert process.stdin is not None
    process.stdin.write(b"open sesame")
    process.stdin.close()
    try:
        with open_dbus_connection(bus=address) as connection:
            asked = bus.NameHasOwner("org.freedesktop.secrets")
            wait_for(
                lambda: bool(connection.send_and_get_reply(asked).body[0]), 10, "the keyring daemon"
            )
        yield
    finally:
        process.terminate()
        process.wait(10)


def _environment(address: str) -> dict[str, str]:
    return {**os.environ, "DBUS_SESSION_BUS_ADDRESS": address}
