"""Text and other data held by another X program, which may be slow, hung, or end while it answers.

After ICCCM 2.0, chapter 2: whoever holds a selection is asked to write it into a property of a
window of ours, in portions (INCR) if it is large. Each question has a window of its own, so that
what comes too late for one is never taken for the answer to another; and that window stays, because
some programs end with an error if it is gone when they wake up. Blocks for the time given.
"""

from dataclasses import dataclass
from typing import Final

from xcffib.xproto import (
    CW,
    Atom,
    EventMask,
    Property,
    PropertyNotifyEvent,
    SelectionNotifyEvent,
    WindowClass,
)

from desktop.system.front.base import LONGEST_SELECTION, Selection
from desktop.system.front.x11_display import Display

__all__ = ["SECRET_MARK", "owner", "read_everything", "read_targets", "read_text"]

SECRET_MARK: Final = "x-kde-passwordManagerHint"  # noqa: S105 - the name of a mark
"""What programs for passwords mark their copies with, as KDE's clipboard has asked them to."""

_INTO: Final = "LAPIS_SELECTION"
_PLAIN_TEXT: Final = "text/plain"
# Ways to ask for the same text, the best one first; the last one is Latin-1.
_TEXT_TARGETS: Final = ("UTF8_STRING", "text/plain;charset=utf-8", "STRING")
_LARGEST_CLIPBOARD: Final = 64 * 1024 * 1024
_MOST_KINDS: Final = 40


@dataclass(frozen=True, slots=True)
class _Received:
    """`data` is None where it was refused; `is_whole` if nothing is missing at its end."""

    data: bytes | None
    is_whole: bool = True


def owner(display: Display, selection: str) -> int:
    """Return the window that holds `selection` ("PRIMARY", "CLIPBOARD"); 0 for nobody."""
    (atom,) = display.atoms(selection)
    held_by: int = display.core.GetSelectionOwner(atom).reply().owner
    return held_by


def read_text(display: Display, selection: str, time_ms: int, until: float) -> Selection:
    """Return the text of `selection`, up to `LONGEST_SELECTION` bytes of it."""
    for target, encoding in (("UTF8_STRING", "utf-8"), ("STRING", "latin-1")):
        found = _converted(display, selection, target, time_ms, until, LONGEST_SELECTION)
        if found.data is not None:
            # A character that was cut in two is left out.
            errors = "replace" if found.is_whole else "ignore"
            text = found.data.decode(encoding, errors).replace("\0", "")
            return Selection(text, is_cut=bool(text) and not found.is_whole)
        if not found.is_whole:
            return Selection()
    return Selection()


def read_everything(display: Display, selection: str, until: float) -> dict[str, bytes]:
    """Return what `selection` holds by MIME type, plain text as UTF-8, so that it can be put back.

    What is there as text and as PNG is not asked for in the many other ways to write the same.
    What is too large, or does not come before `until`, is left out.
    """
    if not owner(display, selection):
        return {}
    names = read_targets(display, selection, until)
    kept: dict[str, bytes] = {}
    room = _LARGEST_CLIPBOARD
    for target, kind in _worth_keeping(names):
        part = _converted(display, selection, target, 0, until, room)
        if part.data is not None and part.is_whole:
            kept[kind] = part.data
            room -= len(part.data)
            if target == "STRING":
                kept[kind] = part.data.decode("latin-1").encode()
    return kept


def read_targets(display: Display, selection: str, until: float) -> tuple[str, ...]:
    """Return the kinds of data that `selection` can be had as; none where nobody tells."""
    found = _converted(display, selection, "TARGETS", 0, until, 4 * 256)
    if not found.data:
        return ()
    atoms = memoryview(found.data[: len(found.data) // 4 * 4]).cast("I")
    return display.atom_names(tuple(filter(None, atoms)))


def _worth_keeping(targets: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return targets to ask for with the MIME type of each."""
    kinds = [name for name in dict.fromkeys(targets) if "/" in name]
    if "image/png" in kinds:
        kinds = [name for name in kinds if not name.startswith("image/") or name == "image/png"]
    # All the ways to write plain text are made out of one by whoever has it.
    others = [(name, name) for name in kinds if not name.startswith(_PLAIN_TEXT)]
    # Without it a list of what was copied would take a password that is put back.
    marks = [(name, name) for name in targets if name == SECRET_MARK]
    texts = [(name, _PLAIN_TEXT) for name in _TEXT_TARGETS if name in targets]
    return [*texts[:1], *marks[:1], *others][:_MOST_KINDS]


def _converted(
    display: Display, selection: str, target: str, time_ms: int, until: float, limit: int
) -> _Received:
    """Ask for `selection` as `target`; up to `limit` bytes, whatever came before `until`."""
    held, wanted, into, portions = display.atoms(selection, target, _INTO, "INCR")
    window = _new_window(display)
    display.core.ConvertSelection(window, held, wanted, into, time_ms)
    display.connection.flush()
    while (event := display.event(until)) is not None:
        if isinstance(event, SelectionNotifyEvent) and event.requestor == window:
            found = display.ask(window, into, limit).get()
            if event.property == Atom._None:  # noqa: SLF001 - named so by the library
                received = _Received(None)
            elif found.kind == portions:
                return _in_portions(display, window, into, until, limit)
            else:
                received = _Received(found.data, is_whole=found.rest == 0)
            display.core.DestroyWindow(window)
            display.connection.flush()
            return received
    display.abandon(window)
    return _Received(None, is_whole=False)


def _in_portions(display: Display, window: int, into: int, until: float, limit: int) -> _Received:
    """Collect the portions; those beyond `limit` are taken and dropped, for the giver's sake."""
    data = bytearray()
    is_whole = True
    # That the property is gone is the sign to begin, as it is for each next portion.
    display.core.DeleteProperty(window, into)
    display.connection.flush()
    written = (window, into, Property.NewValue)
    while (event := display.event(until)) is not None:
        if not isinstance(event, PropertyNotifyEvent):
            continue
        if (event.window, event.atom, event.state) == written:
            found = display.ask(window, into, limit - len(data)).get()
            display.core.DeleteProperty(window, into)
            display.connection.flush()
            if not found.data and found.rest == 0:
                display.core.DestroyWindow(window)
                display.connection.flush()
                return _Received(bytes(data), is_whole=is_whole)
            is_whole = is_whole and found.rest == 0
            data += found.data
    display.abandon(window)
    return _Received(bytes(data) or None, is_whole=False)


def _new_window(display: Display) -> int:
    """Return a window that nobody sees; what is written into it is heard of."""
    window: int = display.connection.generate_id()
    display.core.CreateWindow(
        depth=0,
        wid=window,
        parent=display.root,
        x=-1,
        y=-1,
        width=1,
        height=1,
        border_width=0,
        _class=WindowClass.InputOnly,
        visual=0,
        value_mask=CW.EventMask,
        value_list=[EventMask.PropertyChange],
    )
    return window
