"""One session of the portal: shortcuts asked for once, and what the desktop made of them.

Source: the interfaces org.freedesktop.portal.GlobalShortcuts (versions 1 and 2) and
org.freedesktop.portal.Session, and what desktops do in truth: Plasma 5.27 knows a draft of it, takes
the shortcuts when the session is made, and names them by the session's token; later Plasmas leave
the list out of their answer, so it is asked for again. GUI thread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from desktop.system.hotkey.portal_requests import Answer, Requests
from desktop.system.hotkey.portal_values import (
    SECONDS,
    SESSION,
    SHORTCUTS,
    Reply,
    Variant,
)
from desktop.system.session_bus import PORTAL, PORTAL_PATH, Service

if TYPE_CHECKING:
    from desktop.system.hotkey.portal_bus import Bus

_SHORTCUTS: Final = Service(PORTAL, PORTAL_PATH, SHORTCUTS)


class Step(Enum):
    """What was being done when a session ended."""

    CREATE = auto()
    BIND = auto()


@dataclass(frozen=True, slots=True)
class Shortcut:
    """One of ours: what it is for, in the person's language, and the keys we should like."""

    description: str
    trigger: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a session: `listed` has the keys of each shortcut that the desktop knows of.

    `answer.code` is 0 where `listed` counts.
    """

    step: Step
    answer: Answer
    listed: Mapping[str, str]


Reported: TypeAlias = Callable[[Outcome], None]


class PortalSession:
    """From `CreateSession` to `Close`."""

    def __init__(
        self,
        bus: "Bus",
        requests: Requests,
        shortcuts: Mapping[str, Shortcut],
        reported: Reported,
        *,
        token: str,
        is_draft: bool,
    ) -> None:
        """Begin. `reported` is called once, unless the session is closed before.

        `is_draft`: as Plasma 5.27 does it, which takes the shortcuts with the session.
        """
        self.handle = ""
        self._bus = bus
        self._requests = requests
        self._shortcuts = shortcuts
        self._reported: Reported | None = reported
        self._is_draft = is_draft
        self._closed: Callable[[], None] | None = None
        self._is_closing = False
        options: dict[str, Variant] = {"session_handle_token": ("s", token)}
        if is_draft:
            options["shortcuts"] = ("a(sa{sv})", self._as_sent())
        self._question = requests.ask(
            _SHORTCUTS, "CreateSession", "a{sv}", (), options, self._on_created, SECONDS
        )

    def close(self, closed: Callable[[], None]) -> None:
        """End it; `closed` is called when the portal has let it go."""
        self._reported = None
        self._closed = closed
        self._is_closing = True
        if self.handle:
            self._requests.withdraw(self._question)
            self._end()

    def drop(self) -> None:
        """Forget it: the portal has done so already."""
        self._reported = None
        self._closed = None

    def open_settings(self, activation_token: str) -> None:
        """Have the desktop show its own page for these shortcuts."""
        if self._is_draft:
            # In the draft, binding does nothing else.
            options: dict[str, Variant] = {}
            self._requests.ask(
                _SHORTCUTS,
                "BindShortcuts",
                "oa(sa{sv})sa{sv}",
                (self.handle, self._as_sent(), ""),
                options,
                lambda _answer: None,
                SECONDS,
            )
            return
        options = {"activation_token": ("s", activation_token)} if activation_token else {}
        self._bus.call(_SHORTCUTS, "ConfigureShortcuts", "osa{sv}", (self.handle, "", options))

    def _end(self) -> None:
        self._bus.call(
            Service(PORTAL, self.handle, SESSION), "Close", "", (), self._on_closed, SECONDS
        )

    def _on_closed(self, _reply: Reply) -> None:
        closed, self._closed = self._closed, None
        if closed is not None:
            closed()

    def _on_created(self, answer: Answer) -> None:
        handle = _text(answer.results.get("session_handle"))
        if answer.code == 0 and handle:
            self.handle = handle
        if self._is_closing:
            if self.handle:
                self._end()
            else:
                self._on_closed(Reply())
        elif not self.handle:
            self._report(Outcome(Step.CREATE, answer, {}))
        elif self._is_draft:
            self._list(self._on_draft_listed)
        else:
            self._question = self._requests.ask(
                _SHORTCUTS,
                "BindShortcuts",
                "oa(sa{sv})sa{sv}",
                (self.handle, self._as_sent(), ""),
                {},
                self._on_bound,
                # A person may be reading the desktop's question.
                None,
            )

    def _on_bound(self, answer: Answer) -> None:
        listed = listed_shortcuts(answer.results.get("shortcuts"))
        if answer.code == 0 and not self._shortcuts.keys() <= listed.keys():
            self._list(lambda again: self._on_listed_again(answer, listed, again))
        else:
            self._report(Outcome(Step.BIND, answer, listed))

    def _list(self, answered: Callable[[Answer], None]) -> None:
        self._question = self._requests.ask(
            _SHORTCUTS, "ListShortcuts", "oa{sv}", (self.handle,), {}, answered, SECONDS
        )

    def _on_draft_listed(self, answer: Answer) -> None:
        listed = listed_shortcuts(answer.results.get("shortcuts"))
        self._report(Outcome(Step.BIND, answer, listed))

    def _on_listed_again(self, bound: Answer, listed: Mapping[str, str], again: Answer) -> None:
        more = listed_shortcuts(again.results.get("shortcuts")) if again.code == 0 else {}
        self._report(Outcome(Step.BIND, bound, {**more, **listed}))

    def _report(self, outcome: Outcome) -> None:
        reported, self._reported = self._reported, None
        if reported is not None:
            reported(outcome)

    def _as_sent(self) -> list[tuple[str, dict[str, Variant]]]:
        return [
            (
                name,
                {
                    "description": ("s", one.description),
                    "preferred_trigger": ("s", one.trigger),
                },
            )
            for name, one in self._shortcuts.items()
        ]


def listed_shortcuts(value: Any) -> dict[str, str]:
    """Return the keys by shortcut of a list `a(sa{sv})`, in a variant or bare."""
    match value:
        case ("a(sa{sv})", list(entries)) | list(entries):
            pass
        case _:
            return {}
    found = {}
    for entry in entries:
        match entry:
            case (str(name), dict(facts)):
                found[name] = _text(facts.get("trigger_description"))
            case _:
                continue
    return found


def _text(variant: Any) -> str:
    """Return the words of a variant; an object's path is some, too."""
    match variant:
        case ("s" | "o", str(words)):
            return words
        case _:
            return ""
