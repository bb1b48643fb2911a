"""Colours of code and drawings of formulas, made beside the window and brought back into it.

One process for all windows, started with the first order and ended when none came for a while, so
that a window without code and formulas pays nothing. GUI thread, but for its own thread inside.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from functools import cache
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal

from desktop.ui.typeset_messages import Colour, Coloured, Draw, Drawn, Order, Refused, Reply
from desktop.ui.typeset_process import TypesetProcess

__all__ = ["Typesetter", "typesetter"]

_IDLE_SECONDS: Final = 30.0
_PATIENCE: Final = 5.0
_KEPT_FORMULAS: Final = 400
_KEPT_SVG: Final = 4_000_000


class Typesetter(QObject):
    """Takes orders from widgets; tells them by signals, so that those that are gone hear nothing."""

    coloured = Signal(int, object)
    """(ticket, lines as in `Coloured`); an order that failed tells nothing"""
    drawn = Signal(object)
    """(the `Draw` that `formula` knows from now on)"""
    _came = Signal(object, object)

    def __init__(self, idle_seconds: float = _IDLE_SECONDS) -> None:
        """Start nothing yet."""
        super().__init__()
        self._idle = idle_seconds
        self._tickets = 0
        self._formulas: OrderedDict[Draw, Drawn | Refused] = OrderedDict()
        self._svg = 0
        self._asked: set[Draw] = set()
        self._orders: OrderedDict[Hashable, Order] = OrderedDict()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._process: TypesetProcess | None = None
        self._under_way: set[Hashable] = set()
        self._closing = False
        self._came.connect(self._on_came, Qt.ConnectionType.QueuedConnection)

    @property
    def is_idle(self) -> bool:
        """Whether every order was carried out and told."""
        return not self._under_way

    def colour(self, code: str, language: str) -> int:
        """Order the colours of `code`; return the ticket that `coloured` will carry."""
        self._tickets += 1
        self._send(self._tickets, Colour(code, language))
        return self._tickets

    def cancel(self, ticket: int) -> None:
        """Forget an order for colours, if nobody began with it."""
        with self._change:
            if self._orders.pop(ticket, None) is not None:
                self._under_way.discard(ticket)

    def formula(self, order: Draw) -> Drawn | Refused | None:
        """Return the drawing; None: not yet, `drawn` will tell."""
        found = self._formulas.get(order)
        if found is not None:
            self._formulas.move_to_end(order)
        elif order not in self._asked:
            self._asked.add(order)
            self._send(order, order)
        return found

    def close(self) -> None:
        """Forget all orders, end thread and process; a later order starts new ones."""
        with self._change:
            self._orders.clear()
            self._closing = True
            self._change.notify()
            thread, process = self._thread, self._process
        self._asked.clear()
        self._under_way.clear()
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join(_PATIENCE)

    def _send(self, key: Hashable, order: Order) -> None:
        with self._change:
            self._orders[key] = order
            if isinstance(order, Colour):
                # Quickly done, and not to wait behind a message full of formulas.
                self._orders.move_to_end(key, last=False)
            self._under_way.add(key)
            self._closing = False
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="typesetter", daemon=True)
                self._thread.start()
            self._change.notify()

    def _work(self) -> None:
        """Carry orders out, one after the other; in a thread of its own."""
        while (found := self._next()) is not None:
            key, order = found
            reply = self._reply(order)
            if not self._closing:
                # What `close` interrupted was not refused.
                self._came.emit(key, (order, reply))

    def _reply(self, order: Order) -> Reply:
        """Ask the process, or a new one; it does not outlive an order that was too much for it."""
        try:
            process = self._process or TypesetProcess()
        except OSError:
            return Refused()
        with self._change:
            self._process = process
            is_wanted = not self._closing
        reply = process.ask(order) if is_wanted else None
        if reply is None:
            self._process = None
            process.close()
            return Refused()
        return reply

    def _next(self) -> tuple[Hashable, Order] | None:
        with self._change:
            if not self._orders and not self._closing:
                self._change.wait(self._idle)
            if self._orders and not self._closing:
                return self._orders.popitem(last=False)
            # A thread that begins from here on begins with a process of its own.
            self._thread = None
            process, self._process = self._process, None
        if process is not None:
            process.close()
        return None

    def _on_came(self, key: Hashable, found: tuple[Order, Reply]) -> None:
        self._under_way.discard(key)
        match found:
            case Draw() as order, (Drawn() | Refused()) as reply:
                self._keep(order, reply)
                self.drawn.emit(order)
            case Colour(), Coloured(lines=lines):
                self.coloured.emit(key, lines)
            case Draw() as order, _:
                self._keep(order, Refused())
                self.drawn.emit(order)

    def _keep(self, order: Draw, reply: Drawn | Refused) -> None:
        self._asked.discard(order)
        self._formulas[order] = reply
        self._svg += len(reply.svg) if isinstance(reply, Drawn) else 0
        while len(self._formulas) > _KEPT_FORMULAS or self._svg > _KEPT_SVG:
            _, gone = self._formulas.popitem(last=False)
            self._svg -= len(gone.svg) if isinstance(gone, Drawn) else 0


@cache
def typesetter() -> Typesetter:
    """Return the one that all widgets share."""
    return Typesetter()
