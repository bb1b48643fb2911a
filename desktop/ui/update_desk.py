"""Newer versions, for all who show them: asked for in errands, told, never installed. GUI thread.

While nobody wants to be told, this is a few signals and nothing else: no timer, no thread, and
neither a network library nor one for signatures is loaded.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop.base.translation import spoken
from desktop.domain.errors import LapisError
from desktop.domain.settings import Settings
from desktop.domain.text import Text, shortened, verbatim
from desktop.domain.updates import Standing
from desktop.ui.banner import Banner, Remedy, Topic
from desktop.ui.errands import Errand, Errands
from desktop.ui.preferences import Preferences

if TYPE_CHECKING:
    from desktop.services.updates import Updates
    from desktop.ui.first_run_key import FirstRunKey
    from desktop.ui.settings_general import GeneralSection

__all__ = ["UpdateDesk", "UpdateView"]

_LANE: Final = "updates"
_SOONEST_MS: Final = 20_000
_SPREAD_MS: Final = 40_000
_HOUR_S: Final = 3600.0
_DAY_S: Final = 24 * _HOUR_S
_LONGEST_NOTE: Final = 240
_NOTE_LINES: Final = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class UpdateView:
    """All that is shown: `hindrance` says why nobody can be asked, `host` who would be."""

    hindrance: Text | None
    host: str
    version: str
    standing: Standing


class UpdateDesk(QObject):
    """Asks once a week where that is wanted, and at any time when a person presses the button."""

    told = Signal(object)
    """(UpdateView)"""
    failed = Signal(object)
    """(LapisError): a person asked in vain; `told` follows."""
    newer = Signal(str)
    """(version): there is a newer one that the person wants to hear of; empty for none."""

    def __init__(
        self,
        banner: Banner,
        preferences: Preferences,
        make: Callable[[], "Updates"],
        parent: QObject,
        *,
        soonest_ms: int = _SOONEST_MS,
        spread_ms: int = _SPREAD_MS,
        open_page: Callable[[str], object] | None = None,
    ) -> None:
        """Wait at least `soonest_ms`, so that no start is disturbed; `make` is called in a thread."""
        super().__init__(parent)
        self._banner = banner
        self._preferences = preferences
        self._make = make
        self._made: Updates | None = None
        self._soonest_ms, self._spread_ms = soonest_ms, spread_ms
        self._open_page = open_page or _open_in_browser
        self._view: UpdateView | None = None
        self._checks = False
        self._errands = Errands(self)
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self._ask_if_due)
        banner.remedy_chosen.connect(self._on_remedy_chosen)
        banner.put_away.connect(self._on_put_away)
        preferences.changed.connect(self._on_settings_changed)
        self._on_settings_changed(preferences.value)

    def serve(self, section: "GeneralSection") -> None:
        """Show `section` of the settings what there is, and do what is asked for there."""
        line = section.updates
        section.looked_at.connect(self.look)
        line.check_requested.connect(self.ask)
        line.page_requested.connect(self.open_page)
        self.told.connect(section.show_updates)
        self.failed.connect(line.show_problem)
        self.look()

    def offer(self, step: "FirstRunKey") -> None:
        """Let the first steps ask whether the person wants to be told, where that can be."""
        self.told.connect(step.show_updates)
        step.updates_wanted.connect(self._want)
        self._preferences.changed.connect(step.show_settings)
        step.show_settings(self._preferences.value)
        self.look()

    def look(self) -> None:
        """Tell what is known without asking anybody; `told` follows."""

        def look(_errand: Errand) -> UpdateView:
            updates = self._updates()
            return _view(updates, updates.look())

        self._errands.run(_LANE, look, self._take, _only_logged, queued=True)

    def ask(self) -> None:
        """Ask now, for a person wants it; `told` follows, `failed` before it if need be."""

        def ask(errand: Errand) -> UpdateView:
            updates = self._updates()
            return _view(updates, updates.ask(errand.stop))

        def tell(error: LapisError) -> None:
            self.failed.emit(error)
            self.look()

        if self._checks and not self._timer.isActive():
            # What asks by itself just now gives way, and has its turn another time.
            self._wait(round(1000 * _HOUR_S))
        self._errands.run(_LANE, ask, self._take, tell)

    def open_page(self) -> None:
        """Show the page of the newer version in the browser."""
        news = self._view.standing.news if self._view is not None else None
        if news is not None:
            self._open_page(news.page)

    def close(self) -> None:
        """End the thread and what it waits for; idempotent."""
        self._timer.stop()
        self._errands.close()

    def _updates(self) -> "Updates":
        """Return who knows; in the lane's thread, and only there."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def _want(self, wanted: bool) -> None:
        settings = self._preferences.value
        self._preferences.set(replace(settings, updates=replace(settings.updates, check=wanted)))

    def _on_settings_changed(self, settings: Settings) -> None:
        wanted = settings.updates.check
        if wanted == self._checks:
            return
        self._checks = wanted
        if wanted:
            self._wait(self._soonest_ms)
        else:
            self._timer.stop()
            self._say_no_more()

    def _wait(self, milliseconds: int) -> None:
        # Spread out, so that those who start at the same hour do not all ask at once.
        self._timer.start(milliseconds + secrets.randbelow(max(1, self._spread_ms)))

    def _ask_if_due(self) -> None:
        def work(errand: Errand) -> tuple[UpdateView, float]:
            updates = self._updates()
            return _view(updates, updates.ask_if_due(errand.stop)), updates.seconds_to_wait()

        def done(found: tuple[UpdateView, float]) -> None:
            view, wait = found
            self._take(view)
            # Looked at again within a day: the clock may have jumped, the network come.
            if self._checks and view.hindrance is None:
                self._wait(round(1000 * min(max(wait, _HOUR_S), _DAY_S)))

        def failed(error: LapisError) -> None:
            _only_logged(error)
            self.look()
            if self._checks:
                self._wait(round(1000 * _DAY_S))

        self._errands.run(_LANE, work, done, failed, queued=True)

    def _take(self, view: UpdateView) -> None:
        self._view = view
        self.told.emit(view)
        news = view.standing.news
        if news is None or not view.standing.is_to_be_told:
            self._say_no_more()
            return
        self.newer.emit(news.version)
        note = "\n".join(news.note(self._language()).splitlines()[:_NOTE_LINES])
        self._banner.show_notice(
            Topic.UPDATE,
            Text("Lapis {version} is available", {"version": news.version}),
            verbatim(shortened(note, _LONGEST_NOTE)) if note else None,
            Remedy.OPEN_PAGE,
            Remedy.SKIP_VERSION,
            Remedy.LATER,
        )

    def _say_no_more(self) -> None:
        self._banner.solve(Topic.UPDATE)
        self.newer.emit("")

    def _language(self) -> str:
        return spoken(self._preferences.value.language).value

    def _on_remedy_chosen(self, remedy: Remedy) -> None:
        match remedy:
            case Remedy.OPEN_PAGE:
                self.open_page()
                self._put_off()
            case Remedy.SKIP_VERSION:
                self._skip()
            case Remedy.LATER:
                self._put_off()
            case _:
                pass

    def _on_put_away(self, topic: Topic) -> None:
        if topic is Topic.UPDATE:
            self._put_off()

    def _skip(self) -> None:
        news = self._view.standing.news if self._view is not None else None
        if news is not None:
            settings = self._preferences.value
            updates = replace(settings.updates, skipped=news.version)
            self._preferences.set(replace(settings, updates=updates))
            self._say_no_more()

    def _put_off(self) -> None:
        news = self._view.standing.news if self._view is not None else None
        if news is None:
            return
        self._say_no_more()
        version = news.version

        def put_off(_errand: Errand) -> None:
            self._updates().put_off(version)

        self._errands.run(_LANE, put_off, lambda _none: None, _only_logged, queued=True)


def _view(updates: "Updates", standing: Standing) -> UpdateView:
    return UpdateView(updates.hindrance, updates.host, updates.version, standing)


def _only_logged(error: LapisError) -> None:
    """Disturb nobody: the settings say it to whoever looks there."""
    _log.info("news of versions: %s", error.title)


def _open_in_browser(page: str) -> None:
    QDesktopServices.openUrl(QUrl(page, QUrl.ParsingMode.StrictMode))
