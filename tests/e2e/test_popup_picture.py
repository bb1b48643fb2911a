"""The popup on a real X server with a window manager: when it is painted, and what is seen of it."""

import os
import subprocess
import sys

import pytest

from tests.harness.screen import Screen

_PROGRAM = """
import sys
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from desktop.domain.quick_action import QuickAction
from desktop.ui.popup import Popup
from desktop.ui.quick_action_strip import QuickActionStrip

app = QApplication(sys.argv)
popup, strip = Popup(translucent=False), QuickActionStrip()
popup.add_actions(strip)
strip.set_actions([QuickAction("a", "Explain", "E", "edit", "Explain it.", built_in=True)])
told = []

class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched in (popup, popup.foot, strip):
            told.append("paint " + type(watched).__name__)
        elif event.type() == QEvent.Type.Expose and watched.isExposed() and not told.count("seen"):
            told.append("seen")
        return False

watch = Watch()
for each in (popup, popup.foot, strip, popup.windowHandle()):
    each.installEventFilter(watch)
popup.prepare()
turns = iter(range(2))

def call():
    told.clear()
    popup.bring_to_front()

def away():
    popup.hide()
    print(*told, sep=", ", flush=True)
    if next(turns, None) is None:
        app.quit()
    else:
        QTimer.singleShot(200, call)

# What follows the picture is not of interest: the cursor, and who has the keyboard.
popup.appeared.connect(away)
next(turns)
call()
sys.exit(app.exec())
"""


def test_it_is_painted_once_and_before_the_window_manager_shows_it(screen: Screen) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, **screen.environment, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    whole = "paint Popup, paint PopupFoot, paint QuickActionStrip, seen"
    assert done.stdout.splitlines() == [whole, whole]


_SQUARE = """
import sys
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from desktop.domain.settings import Theme
from desktop.ui.popup_frame import PopupFrame
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import tokens_of
from tests.harness.waiting import wait_for

app = QApplication(sys.argv)
apply_theme(app, Theme.DARK)
frame = PopupFrame(translucent=False)
frame.setGeometry(200, 200, 200, 120)
frame.show()
tokens = tokens_of(frame.palette())

def seen():
    app.processEvents()
    return frame.screen().grabWindow(0, 200, 200, 200, 120).toImage()

wait_for(lambda: seen().pixelColor(20, 20) == QColor(tokens.surface), 20, "the card")
image = seen()
line = round(frame.devicePixelRatio())
right, below = image.width() - line, image.height() - line
# The sign of a grip stands in one corner.
grip = QRect(right - 20 * line, below - 20 * line, 20 * line, 20 * line)
wrong = [
    (x, y, image.pixelColor(x, y).name())
    for x in range(image.width())
    for y in range(image.height())
    if not grip.contains(x, y)
    and image.pixelColor(x, y)
    != QColor(tokens.surface if line <= x < right and line <= y < below else tokens.handle)
]
print(image.width(), image.height(), wrong[:9])
"""


@pytest.mark.parametrize("scale", [1, 2])
def test_where_nobody_blends_windows_it_is_square_with_a_plain_line_around_it(
    screen: Screen, scale: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SQUARE],
        env={
            **os.environ,
            **screen.environment,
            "QT_QPA_PLATFORM": "xcb",
            "QT_SCALE_FACTOR": str(scale),
        },
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{200 * scale} {120 * scale} []"
