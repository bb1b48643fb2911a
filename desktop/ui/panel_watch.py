"""How the panel looks that the tray icon stands in, asked whenever it may have changed. GUI thread."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal
from PySide6.QtGui import QGuiApplication

from desktop.system.panel import Tone, files_to_watch, panel_tone
from desktop.ui.errands import Errands

__all__ = ["PanelWatch"]

_LANE = "panel"


class PanelWatch(QObject):
    """Asks in an errand, at the start and when the desktop changes its colours."""

    tone_changed = Signal(object)
    """(Tone)"""

    def __init__(
        self,
        errands: Errands,
        environment: Mapping[str, str],
        platform: str,
        parent: QObject,
        ask: Callable[[Mapping[str, str], str], Tone] = panel_tone,
    ) -> None:
        """Know nothing yet; `ask` is called in another thread."""
        super().__init__(parent)
        self._errands = errands
        self._environment = dict(environment)
        self._platform = platform
        self._ask = ask
        self._tone = Tone.UNKNOWN
        self._files = [str(path) for path in files_to_watch(environment, platform)]
        self._watcher = QFileSystemWatcher(self) if self._files else None
        if self._watcher is not None:
            self._watcher.fileChanged.connect(self._on_file_changed)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self.look)

    def look(self) -> None:
        """Ask again."""
        if self._watcher is not None:
            # Such files are replaced, and what is watched is gone then.
            watched = set(self._watcher.files())
            missing = [path for path in self._files if path not in watched]
            if missing:
                self._watcher.addPaths(missing)
        ask, environment, platform = self._ask, self._environment, self._platform
        self._errands.run(
            _LANE,
            lambda _errand: ask(environment, platform),
            self._take,
            lambda _error: None,
        )

    def _take(self, tone: Tone) -> None:
        if tone is not self._tone:
            self._tone = tone
            self.tone_changed.emit(tone)

    def _on_file_changed(self, _path: str) -> None:
        self.look()
