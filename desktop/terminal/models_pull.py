"""`lapis models pull`: one download with a bar; Ctrl-C pauses it, the same command goes on. Main thread."""

import math
import threading
from typing import Final, Protocol

from rich.cells import cell_len

from desktop.base.translation import Translator
from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.quantities import duration, part_of, sized, speed, time_left
from desktop.services.getting import Wanted
from desktop.terminal.bars import WIDEST_BAR, bar
from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.output import Screen, columns

_LOOK_SECONDS: Final = 0.2
_GAP: Final = "  "
_LEAST_BAR: Final = 8


class Queue(Protocol):
    """The part of `services.downloads.Downloads` that fetches one order."""

    def add(self, order: DownloadOrder) -> str:
        """Begin, and return the order's key."""
        ...

    def pause(self, key: str) -> None:
        """Stop and keep what is there."""
        ...

    def wait(self, key: str, timeout: float | None = None) -> Download | None:
        """Return the download at rest, or as it is after `timeout` seconds."""
        ...


def announce(wanted: Wanted, words: Translator, screen: Screen) -> None:
    """Say what is fetched from where, why this, and what its licence wants."""
    order = wanted.order
    screen.note(
        words.say(
            "{name}, {size}, from {repository}",
            name=order.title,
            size=sized(order.size),
            repository=f"{order.source.base}/{order.repository}",
        )
    )
    if wanted.reason is not None:
        screen.note(words.say(wanted.reason))
    listed = wanted.listed
    if listed is not None and listed.must_accept:
        language = words.language.value
        screen.note(
            words.say(
                "By using it you accept its terms: {licence}, {page}",
                licence=listed.licence_name,
                page=f"https://huggingface.co/{listed.original_repository}",
            )
        )
        note = listed.licence_note.get(language, listed.licence_note.get("en", ""))
        if note:
            screen.note(note)


def pull(
    order: DownloadOrder,
    queue: Queue,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Fetch `order`, show how far it is, and return the exit code; `cancel` pauses it."""
    key = queue.add(order)
    screen.status.allow()
    told = ""
    while True:
        state = queue.wait(key, _LOOK_SECONDS)
        if state is not None and state.notice is not None and words.say(state.notice) != told:
            told = words.say(state.notice)
            screen.note(told)
            screen.status.allow()
        if state is None or state.phase.is_at_rest:
            break
        plain = not screen.can_write("█▏")
        screen.status.show(progress_line(state, words, columns(screen.err) - 1, plain=plain))
        if cancel.is_set():
            queue.pause(key)
    screen.status.clear()
    if state is not None and state.phase is DownloadPhase.DONE:
        return EXIT_OK
    if state is not None and state.error is not None:
        report(state.error, words, screen)
        return EXIT_ERROR
    screen.note(words.say("Paused. The same command goes on from here."))
    return EXIT_INTERRUPTED


def progress_line(state: Download, words: Translator, cells: int, *, plain: bool) -> str:
    """Return one line: a bar, how much, how fast, how long, or what it waits for.

    What has no place in so many cells goes: the bar gets shorter, then the bytes, then the bar.
    """
    share = state.done / state.total if state.total else 0.0
    size = words.say(part_of(state.done, state.total))
    doing = _doing(state, words)
    for parts in ([size, *doing], doing):
        room = cells - cell_len(_GAP.join([_percent(share), "", *parts]))
        if room >= _LEAST_BAR:
            drawn = bar(share, plain=plain, cells=min(room, WIDEST_BAR))
            room_of_bar = min(room, WIDEST_BAR) - cell_len(drawn)
            return _GAP.join([_percent(share), drawn + " " * room_of_bar, *parts])
    return _GAP.join([_percent(share), *doing])


def _doing(state: Download, words: Translator) -> list[str]:
    match state.phase:
        case DownloadPhase.DOWNLOADING:
            left = state.seconds_left
            there = [speed(state.speed)]
            return there if left is None else [*there, words.say(time_left(left))]
        case DownloadPhase.WAITING:
            wait = words.say(duration(state.wait_seconds))
            return [words.say("The server asks to wait: {time}", time=wait)]
        case DownloadPhase.STALLED:
            return [words.say("nothing arrives, the connection is opened anew")]
        case DownloadPhase.VERIFYING:
            return [words.say("checking")]
        case _:
            return [words.say("asking the server")]


def _percent(share: float) -> str:
    # 100 % is said when it is done.
    return f"{math.floor(share * 100):3d}%"
