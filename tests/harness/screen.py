"""A screen of our own: Xvfb with openbox, a tray and a private D-Bus, and hands to use them.

Every process is ended by its id. Nothing of the desktop that may run beside is seen or touched.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from Xlib.display import Display

from tests.harness.home import FOREIGN, home_variables
from tests.harness.message_bus import message_bus
from tests.harness.waiting import wait_for

WIDTH, HEIGHT = 1280, 800
_TOOLS = ("Xvfb", "openbox", "trayer", "dbus-daemon", "xdotool", "import", "xprop")


class ToolsMissingError(Exception):
    """Programs that make a screen are not installed or do not run."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window on the screen, by its X11 number."""

    number: str
    screen: "Screen"

    @property
    def title(self) -> str:
        """The words in its title bar."""
        return self.screen.xdotool("getwindowname", self.number)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Left, top, width and height in pixels."""
        lines = self.screen.xdotool("getwindowgeometry", "--shell", self.number).splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"])

    def focus(self) -> None:
        """Give it the keyboard, and wait until it has it."""
        self.screen.xdotool("windowactivate", "--sync", self.number)

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Click at a point counted from its own top left corner."""
        left, top, _, _ = self.place
        self.screen.click(left + x, top + y, button)

    def close(self) -> None:
        """Ask it to close, as the button in its title bar does."""
        self.focus()
        self.screen.key("alt+F4")

    def screenshot(self, path: Path) -> Path:
        """Write a picture of the window alone."""
        self.screen.call("import", "-window", self.number, str(path))
        return path


@dataclass(frozen=True, slots=True)
class Screen:
    """The screen and what a person does at it. `environment` is for programs that run on it."""

    environment: Mapping[str, str]

    def call(self, *command: str) -> str:
        """Run a program on this screen and return what it prints; AssertionError if it fails."""
        done = subprocess.run(
            command,
            capture_output=True,
            encoding="utf-8",
            env=dict(self.environment),
            timeout=20,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr or done.stdout}"
        return done.stdout.strip()

    def xdotool(self, *words: str) -> str:
        """Run xdotool and return what it prints."""
        return self.call("xdotool", *words)

    def key(self, *keys: str) -> None:
        """Press keys one after another, each as in `Return` or `ctrl+n`."""
        self.xdotool("key", "--clearmodifiers", "--delay", "20", *keys)

    def type(self, text: str, pause_ms: int = 12) -> None:
        """Type `text` into what has the keyboard; nobody is as quick as without `pause_ms`."""
        self.xdotool("type", "--clearmodifiers", "--delay", str(pause_ms), text)

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Move the mouse to a point of the screen and click.

        Without xdotool's --sync, which waits 15 s where the mouse is there already: the server does
        one after the other by itself.
        """
        self.xdotool("mousemove", str(x), str(y), "click", str(button))

    def windows(self, title: str = "", pid: int | None = None) -> list[Window]:
        """Return the visible windows whose title matches the expression `title`."""
        words = ["xdotool", "search", "--all", "--onlyvisible"]
        words += [] if pid is None else ["--pid", str(pid)]
        done = subprocess.run(
            [*words, "--name", title],
            capture_output=True,
            encoding="utf-8",
            env=dict(self.environment),
            timeout=20,
            check=False,
        )
        return [Window(number, self) for number in done.stdout.split()]

    def window(self, title: str, pid: int | None = None, seconds: float = 20.0) -> Window:
        """Wait for a visible window whose title matches, and return it."""
        return wait_for(lambda: self.windows(title, pid), seconds, f"a window {title!r}")[0]

    def active_title(self) -> str:
        """Return the title of the window that has the keyboard; empty if none has."""
        done = subprocess.run(
            ["xdotool", "getactivewindow", "getwindowname"],
            capture_output=True,
            encoding="utf-8",
            env=dict(self.environment),
            timeout=20,
            check=False,
        )
        return done.stdout.strip()

    def has_tray(self) -> bool:
        """Return whether somebody shows tray icons; an empty tray may be invisible."""
        display = Display(self.environment["DISPLAY"])
        try:
            selection = display.intern_atom("_NET_SYSTEM_TRAY_S0")
            return bool(display.get_selection_owner(selection))
        finally:
            display.close()

    def screenshot(self, path: Path) -> Path:
        """Write a picture of the whole screen."""
        self.call("import", "-window", "root", str(path))
        return path


@contextmanager
def virtual_screen(
    folder: Path, *, tray: bool = True, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Iterator[Screen]:
    """Give a fresh screen, whose programs keep their things under `folder`, and take it away.

    `size` in pixels. Without `tray` nobody shows icons of programs, until `running_tray` does. Raises
    ToolsMissingError.
    """
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise ToolsMissingError(f"{', '.join(missing)} not found; `make setup` installs them")
    base = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    base |= home_variables(folder)
    base |= {"QT_QPA_PLATFORM": "xcb", "XDG_SESSION_TYPE": "x11", "XDG_CURRENT_DESKTOP": "Openbox"}
    with ExitStack() as stack:
        bus = stack.enter_context(message_bus(folder, base))
        environment = base | {"DBUS_SESSION_BUS_ADDRESS": bus}
        environment["DISPLAY"] = stack.enter_context(x_server(folder, base, size))
        screen = Screen(environment)
        stack.enter_context(running(["openbox", "--sm-disable"], folder, environment))
        wait_for(lambda: "window id" in _root_property(screen, "_NET_SUPPORTING_WM_CHECK"), 10)
        if tray:
            stack.enter_context(running_tray(screen, folder))
        yield screen


@contextmanager
def running_tray(screen: Screen, folder: Path) -> Iterator[None]:
    """Show icons of programs at the top right, as long as this lasts."""
    words = "trayer --edge top --align right --widthtype request --height 32 --SetDockType true"
    with running([*words.split(), "--expand", "true"], folder, screen.environment):
        wait_for(screen.has_tray, 10, "a tray")
        yield
    wait_for(lambda: not screen.has_tray(), 10, "no tray")


@contextmanager
def x_server(
    folder: Path, environment: Mapping[str, str], size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Iterator[str]:
    """Start Xvfb under a number that nobody uses.

    Left to choose by itself it looks at abstract sockets, which each network namespace has for
    its own, and takes the file of a server outside ours away.
    """
    for number in _free_numbers():
        with ExitStack() as stack:
            if stack.enter_context(_xvfb(number, folder, environment, size)):
                yield f":{number}"
                return
    raise ToolsMissingError(f"Xvfb does not start; {folder / 'Xvfb.log'} says why")


def _free_numbers() -> Iterator[int]:
    """Yield a few display numbers without a lock or a socket, far from those people use."""
    first = 100 + os.getpid() % 400
    free = (
        number
        for number in range(first, first + 100)
        if not Path(f"/tmp/.X{number}-lock").exists()  # noqa: S108 - X's own fixed places
        and not Path(f"/tmp/.X11-unix/X{number}").exists()  # noqa: S108
    )
    return islice(free, 5)


@contextmanager
def _xvfb(
    number: int, folder: Path, environment: Mapping[str, str], size: tuple[int, int]
) -> Iterator[bool]:
    """Start it and say whether it came up: somebody else may have been quicker."""
    reading, writing = os.pipe()
    words = ["Xvfb", f":{number}", "-displayfd", str(writing), "-nolisten", "tcp"]
    # Without -noreset it starts over whenever its last client goes, and sends new ones away.
    words += ["-noreset", "-screen", "0", f"{size[0]}x{size[1]}x24"]
    with running(words, folder, environment, pass_fds=(writing,)):
        os.close(writing)
        with os.fdopen(reading) as stream:
            ready = stream.readline().strip() == str(number)
        yield ready


@contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    pass_fds: tuple[int, ...] = (),
) -> Iterator[None]:
    """Run a program until the end of the block; what it says goes to `folder`."""
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            pass_fds=pass_fds,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def _root_property(screen: Screen, name: str) -> str:
    return screen.call("xprop", "-root", name)
