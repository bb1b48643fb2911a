"""Newer versions of Lapis: asked for once a week where a person wants that, told, never installed.

Everything is off until then. Where a package manager brings new versions, and where nobody knows a
place to ask, nothing is asked at all, and that is said. Any thread but the GUI's: reading the kept
file checks a signature, and asking waits for a server. One call at a time.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from desktop import __version__
from desktop.base.paths import Paths
from desktop.config.distribution import read_distribution
from desktop.config.policy import forbids_update_check, policy_file
from desktop.domain.distribution import Distribution, Kind
from desktop.domain.errors import NetworkError, Offline, StorageError, UserFixable
from desktop.domain.network_log import Recorder, unrecorded
from desktop.domain.settings import Settings
from desktop.domain.text import Text
from desktop.domain.updates import News, NewsRefused, Refusal, Standing, is_newer
from desktop.hub.network import network_of
from desktop.hub.update_file import WHOLE_SECONDS, fetch_news
from desktop.hub.update_news import read_news
from desktop.hub.update_signature import key_id
from desktop.hub.update_words import refusal_words
from desktop.services.network_log import NetworkLog
from desktop.services.update_state import WEEK, UpdateState, read_state, write_state
from desktop.system.network_links import is_offline

# A file issued so far ahead of this computer's day shows that its clock is behind.
_CLOCK_SLACK: Final = timedelta(days=2)
_UNANSWERED: Final = "unanswered"

_log = logging.getLogger(__name__)


class CannotAsk(UserFixable):
    """Nobody is asked for new versions, whatever is set."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is asked of this computer; tests have their own.

    `clock` returns Unix seconds; `has_network` whether any network is connected, without asking.
    """

    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    clock: Callable[[], float] = time.time
    has_network: Callable[[], bool] = lambda: not is_offline()
    version: str = __version__
    seconds: float = WHOLE_SECONDS


def hindrance(distribution: Distribution, *, forbidden: bool) -> Text | None:
    """Return why this Lapis asks nobody for new versions; None where it can."""
    match distribution.kind:
        case Kind.DEB | Kind.RPM:
            return Text("Lapis came as a package of the system, which also brings new versions.")
        case Kind.FLATPAK:
            return Text("Lapis came as a Flatpak, and new versions come the same way.")
    if not distribution.can_ask:
        return Text(
            "This Lapis does not know where to ask for new versions. Look for them where you got "
            "it from."
        )
    if forbidden:
        return Text("Asking for new versions is turned off for this computer or this start.")
    return None


def open_updates(
    paths: Paths,
    settings: Callable[[], Settings],
    environment: Mapping[str, str],
    *,
    forbidden: bool = False,
) -> "Updates":
    """Return the updates of this Lapis; `forbidden` by the command line, if it is."""
    return Updates(
        read_distribution(),
        paths.updates,
        settings,
        Surroundings(environment),
        forbidden=forbidden or forbids_update_check(environment, policy_file(environment)),
        log=NetworkLog(paths.network_log).note,
    )


class Updates:
    """What is known of newer versions, and the one way to ask."""

    def __init__(
        self,
        distribution: Distribution,
        file: Path,
        settings: Callable[[], Settings],
        surroundings: Surroundings,
        *,
        forbidden: bool = False,
        log: Recorder = unrecorded,
    ) -> None:
        """Ask nobody yet. `file` keeps what is remembered; `settings` are read when needed.

        `forbidden`: a switch or a policy of this computer says no. `log` is told of every request.
        """
        self._distribution = distribution
        self._file = file
        self._settings = settings
        self._around = surroundings
        self._log = log
        self.hindrance = hindrance(distribution, forbidden=forbidden)

    @property
    def host(self) -> str:
        """Who is asked, by name; empty for nobody."""
        return urlsplit(self._distribution.update_address).hostname or ""

    @property
    def kind(self) -> Kind:
        """The form that this Lapis was given out in."""
        return self._distribution.kind

    @property
    def version(self) -> str:
        """The version that newer ones are compared with."""
        return self._around.version

    def asks_by_itself(self) -> bool:
        """Return whether somebody is to be asked every week, as things are set now."""
        now = self._settings()
        return self.hindrance is None and now.updates.check and not now.connections.offline

    def seconds_to_wait(self) -> float:
        """Return how long nobody is asked by itself, 0 where it is time; reads the file."""
        return read_state(self._file).seconds_to_wait(self._around.clock())

    def look(self) -> Standing:
        """Return what is known, without asking anybody."""
        state = read_state(self._file)
        news: News | None = None
        if state.content and self.hindrance is None:
            try:
                news = self._read(state.content)
                self._hold_against(state, news)
            except NewsRefused as refused:
                # It held when it came: its time is over, or its key was taken out of use.
                news, state = None, replace(state, refusal=refused.refusal.value)
        return self._standing(state, news)

    def ask_if_due(self, stop: threading.Event | None = None) -> Standing:
        """Ask if a week has passed and there is a network, and return what is known then.

        Raises as `ask` does.
        """
        is_due = self.asks_by_itself() and self.seconds_to_wait() <= 0
        return self.ask(stop) if is_due and self._around.has_network() else self.look()

    def ask(self, stop: threading.Event | None = None) -> Standing:
        """Ask now and return what is known then; soon after `stop` is set it is given up.

        Raises CannotAsk, a NetworkError (NewsRefused among them), or a StorageError: when somebody
        was asked is written down before that, so that no failure leads to asking again and again.
        """
        if self.hindrance is not None:
            raise CannotAsk(Text("Nobody is asked for new versions"), self.hindrance)
        now = self._around.clock()
        state = read_state(self._file)
        if not self._settings().connections.offline:
            state = state.tried(now)
            write_state(self._file, state)
        settings = self._settings().library
        network = network_of(
            settings,
            self._around.environment,
            self._log,
            offline=lambda: self._settings().connections.offline,
        )
        address, etag = self._distribution.update_address, state.etag if state.content else ""
        try:
            fetched = fetch_news(network, address, etag, stop, self._around.seconds)
        except Offline:
            raise
        except NetworkError:
            self._keep(replace(state, refusal=_UNANSWERED))
            raise
        content = state.content if fetched is None else fetched.content
        return self._take(state, content, etag if fetched is None else fetched.etag)

    def put_off(self, version: str) -> None:
        """Say no more of `version` for a week; raises StorageError."""
        state = read_state(self._file)
        now = self._around.clock()
        write_state(self._file, replace(state, put_off=version, put_off_at=now))

    def _take(self, state: UpdateState, content: bytes, etag: str) -> Standing:
        """Judge what came, and keep it if it is believed; raises NewsRefused."""
        learnt = state
        try:
            news = self._read(content)
            # What was signed counts from now on, also where it is of no use today.
            learnt = state.saw(news.key, news.serial, news.issued)
            if news.serial < state.highest_serial(self._key_ids()):
                raise _refused(Refusal.REPLAYED)
            self._hold_against(learnt, news)
        except NewsRefused as refused:
            _log.warning("news of a version was refused: %s", refused.refusal.value)
            self._keep(replace(learnt, refusal=refused.refusal.value))
            raise
        kept = replace(learnt, content=content, etag=etag, refusal="")
        self._keep(kept)
        return self._standing(kept, news)

    def _read(self, content: bytes) -> News:
        return read_news(content, self._distribution.update_keys, self.host)

    def _key_ids(self) -> frozenset[str]:
        return frozenset(key_id(key) for key in self._distribution.update_keys)

    def _hold_against(self, state: UpdateState, news: News) -> None:
        """Refuse what holds no more: by the clock, or by days that were seen in signed files."""
        if news.expires < max(self._today(), state.latest_day(self._key_ids())):
            raise _refused(Refusal.EXPIRED)

    def _standing(self, state: UpdateState, news: News | None) -> Standing:
        if news is None:
            remark = _remark(state.refusal)
            return Standing(state.asked_at, remark=remark)
        is_put_off = (
            state.put_off == news.version and abs(self._around.clock() - state.put_off_at) < WEEK
        )
        is_skipped = self._settings().updates.skipped == news.version
        remark = _remark(state.refusal)
        if news.issued > self._today() + _CLOCK_SLACK:
            remark = Text("The date of this computer seems to be wrong.")
        return Standing(
            state.asked_at,
            news,
            is_newer(news.version, self._around.version),
            is_put_off or is_skipped,
            remark,
        )

    def _today(self) -> date:
        try:
            return datetime.fromtimestamp(self._around.clock(), UTC).date()
        except (OverflowError, ValueError, OSError):
            return date.max

    def _keep(self, state: UpdateState) -> None:
        """Keep what was learnt; what the disk refuses now was written a moment ago in part."""
        try:
            write_state(self._file, state)
        except StorageError:
            _log.warning("what was learnt of new versions is not kept")


def _refused(refusal: Refusal) -> NewsRefused:
    title, hint = refusal_words(refusal)
    return NewsRefused(title, hint, refusal)


def _remark(refusal: str) -> Text | None:
    """Return in words what became of the last question, where that was no answer to believe."""
    if refusal == _UNANSWERED:
        return Text("The last question was not answered.")
    return refusal_words(Refusal(refusal))[0] if refusal in set(Refusal) else None
