"""A program that holds an X selection, exactly as a test wants it: what it offers, how it fails.

`python -m tests.harness.selection_owner`, with an `Offer` as JSON on stdin. It says "ready" when it
holds the selection, and then each target that it is asked for, a line each.
"""

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from Xlib import X, Xatom
from Xlib.display import Display
from Xlib.protocol import event

_PORTION = 32 * 1024


@dataclass(frozen=True, slots=True)
class Offer:
    """What is held, as Latin-1 text of bytes by target; targets not named here are refused.

    What is longer than a portion goes in portions; after `portions` of them the program ends.
    """

    selection: str = "PRIMARY"
    held: dict[str, str] = field(default_factory=dict)
    portions: int | None = None

    def to_json(self) -> str:
        """Return what `main` reads."""
        return json.dumps(asdict(self))


class Owner:
    """One selection, held until the program is ended."""

    def __init__(self, offer: Offer) -> None:
        """Take the selection."""
        self._display = Display()
        self._window = self._display.screen().root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)
        self._offer = offer
        self._left: dict[int, bytes] = {}
        self._given = 0
        self._window.set_selection_owner(self._atom(offer.selection), X.CurrentTime)

    def run(self) -> None:
        """Answer for ever."""
        self._display.sync()
        print("ready", flush=True)
        while True:
            happened = self._display.next_event()
            if happened.type == X.SelectionRequest:
                self._answer(happened)
            elif happened.type == X.PropertyNotify and happened.state == X.PropertyDelete:
                self._go_on(happened.window, happened.atom)

    def _answer(self, request: Any) -> None:
        target = self._display.get_atom_name(request.target)
        print(target, flush=True)
        given = request.property
        if target == "TARGETS":
            atoms = [self._atom(name) for name in self._offer.held]
            request.requestor.change_property(request.property, Xatom.ATOM, 32, atoms)
        elif target not in self._offer.held:
            given = X.NONE
        else:
            data = self._offer.held[target].encode("latin-1")
            if len(data) > _PORTION:
                self._left[request.requestor.id] = data
                request.requestor.change_attributes(event_mask=X.PropertyChangeMask)
                kind, width, value = self._atom("INCR"), 32, [len(data)]
                request.requestor.change_property(request.property, kind, width, value)
            else:
                request.requestor.change_property(request.property, request.target, 8, data)
        answer = event.SelectionNotify(
            time=request.time,
            requestor=request.requestor,
            selection=request.selection,
            target=request.target,
            property=given,
        )
        request.requestor.send_event(answer)
        self._display.flush()

    def _go_on(self, window: Any, into: int) -> None:
        if window.id not in self._left:
            return
        if self._given == self._offer.portions:
            sys.exit(0)
        self._given += 1
        portion, rest = self._left[window.id][:_PORTION], self._left[window.id][_PORTION:]
        window.change_property(into, self._atom("UTF8_STRING"), 8, portion)
        self._display.flush()
        if portion:
            self._left[window.id] = rest
        else:
            del self._left[window.id]

    def _atom(self, name: str) -> int:
        atom: int = self._display.intern_atom(name)
        return atom


if __name__ == "__main__":
    Owner(Offer(**json.load(sys.stdin))).run()
