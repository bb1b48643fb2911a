"""The settings in use, kept on disk as they change. GUI thread."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal

from desktop.config.store import SettingsStore
from desktop.domain.errors import StorageError
from desktop.domain.settings import Settings

__all__ = ["Preferences"]

_PATIENCE = 10.0

_log = logging.getLogger(__name__)


class Preferences(QObject):
    """Holds one `Settings` value; everybody who needs a setting is given this."""

    changed = Signal(object)
    """(Settings)"""
    not_saved = Signal(object)
    """(StorageError): the change holds until Lapis ends."""

    _change_came = Signal(object, object)

    def __init__(self, store: SettingsStore, parent: QObject | None = None) -> None:
        """Read what is kept."""
        super().__init__(parent)
        self._store = store
        self._home = threading.get_ident()
        self._change_came.connect(self._on_change_came, Qt.ConnectionType.QueuedConnection)
        self._value = store.load()
        # Asked at once: whatever is saved from now on names every setting.
        self._from_before = store.predates("welcomed")

    @property
    def value(self) -> Settings:
        """The settings of this moment."""
        return self._value

    @property
    def from_before_first_steps(self) -> bool:
        """Whether the settings were kept by a Lapis that had no first steps to show."""
        return self._from_before

    def set(self, value: Settings) -> None:
        """Use and keep `value`; tells watchers if anything is different."""
        if value == self._value:
            return
        self._value = value
        try:
            self._store.save(value)
        except StorageError as error:
            _log.warning("settings not saved: %s", type(error).__name__)
            self.not_saved.emit(error)
        self.changed.emit(value)

    def change(self, change: Callable[[Settings], Settings]) -> None:
        """Use and keep what `change` makes of the settings; from any thread, which waits for it."""
        if threading.get_ident() == self._home:
            self.set(change(self._value))
            return
        done = threading.Event()
        self._change_came.emit(change, done)
        if not done.wait(_PATIENCE):
            _log.warning("a change of the settings was not taken in time")

    def set_hint_shown(self) -> None:
        """Remember that the person was told where a closed window goes."""
        self.set(replace(self._value, tray_hint_shown=True))

    def set_welcomed(self) -> None:
        """Remember that the first steps need not come up by themselves again."""
        self.set(replace(self._value, welcomed=True))

    def _on_change_came(
        self, change: Callable[[Settings], Settings], done: threading.Event
    ) -> None:
        self.set(change(self._value))
        done.set()
