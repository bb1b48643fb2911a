"""The real program in a nested desktop: started behind its tray icon, called by its key."""

from collections.abc import Mapping
from pathlib import Path

from Xlib import X
from Xlib.display import Display

from desktop.base.paths import paths_under
from tests.harness.hands import Hands
from tests.harness.nested import HEIGHT, WIDTH, Desktop
from tests.harness.program import Program
from tests.harness.waiting import wait_for

_BOUND = "key of ask: bound"


class NestedLapis:
    """One at a time; nothing else is to be seen on the desktop but what it shows."""

    def __init__(self, desktop: Desktop, folder: Path, environment: Mapping[str, str]) -> None:
        """Prepare its home below `folder`."""
        self.desktop = desktop
        self._folder = folder
        self._environment = {**desktop.environment, **environment}
        self._programs: list[Program] = []
        self.home = folder / "lapis"
        settings = paths_under(self.home).settings
        settings.parent.mkdir(parents=True)
        settings.write_text('{"welcomed": true}', encoding="utf-8")
        self._display = Display(desktop.outer.environment["DISPLAY"])
        self._root = self._display.screen().root

    @property
    def noise(self) -> str:
        """What it said on stderr."""
        return "".join(program.noise for program in self._programs)

    @property
    def log(self) -> str:
        """What it wrote into its log."""
        path = paths_under(self.home).logs / "lapis.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def start(self) -> Program:
        """Start it, and wait until the desktop has given it the key."""
        before = self.log.count(_BOUND)
        program = self.begin()
        wait_for(lambda: self.log.count(_BOUND) > before, 60, lambda: f"a key: {self.log}")
        return program

    def begin(self) -> Program:
        """Start it, and wait for nothing."""
        arguments = ["--data-dir", str(self.home), "--background"]
        folder = self._folder / f"run-{len(self._programs) + 1}"
        program = Program(arguments, folder, self._environment)
        self._programs.append(program)
        return program

    def wait_bound(self, times: int) -> None:
        """Wait until it was given its key `times` times since its first start."""
        wait_for(lambda: self.log.count(_BOUND) >= times, 30, lambda: f"the key again: {self.log}")

    def press(self, hands: Hands) -> None:
        """Press the key that shows the popup."""
        hands.tap("space", "Control_L", "Alt_L")

    def is_blank(self) -> bool:
        """Whether nothing is to be seen on the desktop."""
        picture = self._root.get_image(0, 0, WIDTH, HEIGHT, X.ZPixmap, 0x00FFFFFF)
        return not any(picture.data[::64])

    def pixel(self, x: int, y: int) -> bytes:
        """Return one pixel of the desktop."""
        data: bytes = self._root.get_image(x, y, 1, 1, X.ZPixmap, 0x00FFFFFF).data[:3]
        return data

    def wait_shown(self) -> None:
        """Wait until something is to be seen."""
        wait_for(lambda: not self.is_blank(), 10, "the popup")

    def wait_hidden(self) -> None:
        """Wait until nothing is to be seen any more."""
        wait_for(self.is_blank, 10, "no popup")

    def end(self) -> None:
        """End it, and let go of the screen."""
        for program in self._programs:
            program.end()
        self._display.close()
