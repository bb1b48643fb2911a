"""A Wayland desktop inside a virtual screen: KWin, the portal, KDE's part of it.

Keys pressed on the outer screen reach KWin as those of a real keyboard do. Every process is ended
by its id, KWin before the bus, the bus before the screen.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jeepney.bus_messages import message_bus as bus_calls
from jeepney.io.blocking import open_dbus_connection

from tests.harness.hands import Hands
from tests.harness.home import FOREIGN, home_variables
from tests.harness.message_bus import message_bus
from tests.harness.screen import Screen, ToolsMissingError, running, x_server
from tests.harness.waiting import wait_for

WIDTH, HEIGHT = 1000, 600
"""Of the desktop, at the top left of the outer screen."""

PORTAL = "org.freedesktop.portal.Desktop"
_BACKEND = "org.freedesktop.impl.portal.desktop.kde"
_KEYS = "org.kde.kglobalaccel"
_SOCKET = "wayland-nested"
_LIBEXEC = ("/usr/libexec", "/usr/lib", *(str(path) for path in Path("/usr/lib").glob("*/libexec")))


@dataclass(frozen=True, slots=True)
class Desktop:
    """The desktop: `outer` is the screen that it is drawn on, `environment` for its programs."""

    outer: Screen
    environment: Mapping[str, str]
    folder: Path

    @property
    def bus(self) -> str:
        """The address of its session bus."""
        return self.environment["DBUS_SESSION_BUS_ADDRESS"]

    @contextmanager
    def hands(self) -> Iterator[Hands]:
        """Give hands at its keyboard; the mouse has been inside, or else no key would be."""
        self.outer.click(WIDTH // 2, HEIGHT - 20)
        hands = Hands(self.outer.environment["DISPLAY"])
        try:
            yield hands
        finally:
            hands.close()

    @contextmanager
    def portal(self) -> Iterator[None]:
        """Run the portal, which asks KDE's part of it."""
        with running([_program("xdg-desktop-portal")], self.folder, self.environment):
            wait_for(lambda: owns(self.bus, PORTAL), 20, "the portal")
            yield


@contextmanager
def nested_desktop(folder: Path) -> Iterator[Desktop]:
    """Give a desktop without a portal yet, and take it away. Raises ToolsMissingError."""
    kwin = shutil.which("kwin_wayland")
    if kwin is None or not _program("xdg-desktop-portal-kde"):
        raise ToolsMissingError("KWin and KDE's portal are not found; `make test-portal` has them")
    base = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    base |= home_variables(folder)
    base |= {
        "KDE_FULL_SESSION": "true",
        "KDE_SESSION_VERSION": _version_of_plasma(),
        "XDG_CURRENT_DESKTOP": "KDE",
        "XDG_SESSION_TYPE": "wayland",
    }
    with ExitStack() as stack:
        display = stack.enter_context(x_server(folder, base))
        outer = Screen({**base, "DISPLAY": display})
        bus = stack.enter_context(message_bus(folder, base))
        base["DBUS_SESSION_BUS_ADDRESS"] = bus
        stack.enter_context(
            running(_kwin(folder, Path(kwin), display), folder, {**base, "KWIN_COMPOSE": "Q"})
        )
        socket = Path(base["XDG_RUNTIME_DIR"]) / _SOCKET
        wait_for(lambda: socket.exists() and owns(bus, _KEYS), 30, "KWin")
        environment = {**base, "WAYLAND_DISPLAY": _SOCKET, "QT_QPA_PLATFORM": "wayland"}
        stack.enter_context(running([_program("xdg-desktop-portal-kde")], folder, environment))
        wait_for(lambda: owns(bus, _BACKEND), 30, "KDE's part of the portal")
        yield Desktop(outer, environment, folder)


def owns(bus: str, name: str) -> bool:
    """Whether somebody on the bus answers to `name`."""
    with open_dbus_connection(bus) as connection:
        reply = connection.send_and_get_reply(bus_calls.NameHasOwner(name), timeout=5)
    return bool(reply.body[0])


def _kwin(folder: Path, program: Path, display: str) -> Sequence[str]:
    """Return what starts KWin on `display`.

    A copy has no capabilities, without which a container would refuse to start it. Its name has to
    stay, or else its own plugin refuses.
    """
    copy = folder / "copy" / "kwin_wayland"
    copy.parent.mkdir()
    shutil.copyfile(program, copy)
    copy.chmod(0o755)
    size = ("--width", str(WIDTH), "--height", str(HEIGHT))
    return (str(copy), "--x11-display", display, *size, "--socket", _SOCKET, "--no-lockscreen")


def _program(name: str) -> str:
    return shutil.which(name, path=os.pathsep.join(_LIBEXEC)) or ""


def _version_of_plasma() -> str:
    """Return the generation of Plasma that is installed, as its sessions say it."""
    return "6" if shutil.which("kglobalacceld", path=os.pathsep.join(_LIBEXEC)) else "5"
