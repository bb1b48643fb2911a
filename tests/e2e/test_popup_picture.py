"""The popup on a real X server with a window manager: when it is painted."""

import os
import subprocess
import sys

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
