"""A process of its own: the real program, and a hand that leads it from screen to screen.

`python -m tests.screenshots.stage FOLDER SCENE,SCENE OPTION …` writes FOLDER/SCENE.png for each scene.
"""

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from PySide6.QtCore import QEvent, QRect, QTimer
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QWidget

from desktop.app import main as run
from desktop.base.paths import Paths, paths_under
from desktop.config.store import SettingsStore
from desktop.ui.preferences import Preferences
from desktop.ui.program import Program
from desktop.ui.window import MainWindow
from tests.e2e.other_programs import OtherPrograms
from tests.harness.screen import Screen
from tests.screenshots.scenes import SCENES
from tests.screenshots.texts import TEXTS, Texts

_PATIENCE: Final = 60.0
_STILL: Final = 6
"""So many pictures in a row must be alike."""
_BETWEEN: Final = 0.08

Part = TypeVar("Part", bound=QWidget)


class Stage:
    """What a scene may use; everything waits for what it wants to see, at most a minute."""

    def __init__(
        self, program: Program, paths: Paths, out: Path, others: OtherPrograms, screen: Screen
    ) -> None:
        """Pictures of `program` go to `out`; `name` is that of the next one."""
        self._program = program
        self.paths = paths
        self.others = others
        self.screen = screen
        self.name = ""
        self._out = out

    @property
    def texts(self) -> Texts:
        """What is said in the language of this Lapis."""
        return TEXTS[SettingsStore(self.paths.settings).load().language]

    def write_letter(self) -> Path:
        """Write what stands in the letter of the scenes; return its file."""
        file = self.paths.data / "letter.txt"
        file.write_text(self.texts.selected, encoding="utf-8")
        return file

    @property
    def preferences(self) -> Preferences:
        """The settings in use."""
        return self._program.findChildren(Preferences)[0]

    @property
    def window(self) -> MainWindow:
        """The main window."""
        return self.top(MainWindow)

    def top(self, kind: type[Part]) -> Part:
        """Return the window of that kind, once it is on the screen."""
        return self._found(
            lambda: [
                each
                for each in QApplication.topLevelWidgets()
                if isinstance(each, kind) and each.isVisible()
            ],
            kind,
        )

    def part(self, kind: type[Part], name: str = "") -> Part:
        """Return the part of the main window of that kind, and called so, once it is visible."""
        return self._found(
            lambda: [
                each
                for each in self.window.findChildren(kind)
                if each.isVisible() and name in ("", each.accessibleName())
            ],
            kind,
        )

    def seen(self, kind: type[QWidget]) -> bool:
        """Whether a part of that kind is visible."""
        return any(each.isVisible() for each in self.window.findChildren(kind))

    def wait(self, condition: Callable[[], object], what: str) -> None:
        """Let the program work until `condition` holds."""
        end = time.monotonic() + _PATIENCE
        while not condition():
            self.work()
            assert time.monotonic() < end, f"{self.name}: {what}"

    def work(self, seconds: float = _BETWEEN) -> None:
        """Let the program work for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            time.sleep(0.004)

    def take(self, shown: QWidget | None = None, margin: int = 0) -> None:
        """Write what the screen shows where the main window, or `shown`, is, once it rests.

        `margin` pixels around it belong to the picture. What lies over it does too: menus, cards.
        """
        before, alike = QImage(), 0
        end = time.monotonic() + _PATIENCE
        while alike < _STILL and time.monotonic() < end:
            self.work()
            # Looked for each time: a popup grows with its answer.
            place = (shown or self.window).geometry()
            now = _look_at(place.adjusted(-margin, -margin, margin, margin))
            alike = alike + 1 if now == before else 0
            before = now
        before.save(str(self._out / f"{self.name}.png"))

    def _found(self, look: Callable[[], list[Part]], kind: type[Part]) -> Part:
        self.wait(look, f"no {kind.__name__}")
        return look()[0]


def _look_at(place: QRect) -> QImage:
    screen = QGuiApplication.primaryScreen()
    return screen.grabWindow(0, place.x(), place.y(), place.width(), place.height()).toImage()


def _lead(stage: Stage, names: Sequence[str], failed: list[str]) -> None:
    QApplication.setCursorFlashTime(0)
    for name in names:
        stage.name = name
        try:
            SCENES[name].play(stage)
        except Exception:  # noqa: BLE001 - the other scenes are wanted all the same
            traceback.print_exc()
            failed.append(name)


def main(arguments: Sequence[str]) -> int:
    """Run Lapis with all but the first two arguments; return 1 if a scene failed."""
    out, names, options = Path(arguments[0]), arguments[1].split(","), list(arguments[2:])
    paths = paths_under(Path(options[options.index("--data-dir") + 1]))
    failed: list[str] = []
    begin = Program.run
    with tempfile.TemporaryDirectory() as folder:
        screen = Screen(dict(os.environ))
        others = OtherPrograms(screen, Path(folder), {})

        def play(program: Program) -> None:
            try:
                _lead(Stage(program, paths, out, others, screen), names, failed)
            finally:
                # `quit` asks the window first, which would only hide.
                QApplication.exit()

        def run_watched(self: Program) -> int:
            self.ready.connect(lambda: QTimer.singleShot(0, self, partial(play, self)))
            return begin(self)

        Program.run = run_watched  # type: ignore[method-assign]
        try:
            code = run(options)
        finally:
            others.end()
    return code or int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
