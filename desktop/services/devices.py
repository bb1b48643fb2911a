"""What computes on this computer: known at once, found out in seconds, kept over restarts.

The engine's own list is the truth, so an engine process is asked. What it said holds until the
drivers, the engine or Lapis change. Any thread; only `find` and `find_bandwidth` take time, and
never in the thread of the window.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop.base.cancelling import never
from desktop.domain.machine import Cards
from desktop.domain.model import Device
from desktop.domain.text import Text
from desktop.models.hardware import memory
from desktop.services.device_list import with_memory
from desktop.services.devices_file import KeptDevices, read_devices, write_devices

if TYPE_CHECKING:
    from desktop.models.bandwidth import Bandwidth

__all__ = ["Devices", "find_cards", "machine_fingerprint"]

BUSY: Final = Text("Not measured while an answer is being written")
DISTURBED: Final = Text("Not measured: other programs keep the processor busy")
# Times in one life of Lapis, on a computer that others keep busy.
_MOST_DISTURBED: Final = 2


def machine_fingerprint() -> str:
    """Return what stays the same as long as the engine would find the same devices."""
    # Here and below: what is large is loaded by whoever asks first, not by the start.
    from desktop.services import machine_fingerprint as fingerprint

    return fingerprint.machine_fingerprint()


def processor_fingerprint() -> str:
    """Return what stays the same as long as its memory would be read equally fast."""
    from desktop.services import machine_fingerprint as fingerprint

    return fingerprint.processor_fingerprint()


def read_bandwidth() -> "Bandwidth | Text":
    """Return how fast memory is read, or why nobody knows; 0.4 s."""
    from desktop.models import bandwidth

    return bandwidth.read_bandwidth()


def find_cards(work_folder: Path) -> Cards:
    """Ask an engine process, with `work_folder` as its own, what it can compute with; seconds."""
    from desktop.backends.trial import TrialFailed, find_devices
    from desktop.services.unused_cards import unused_here

    try:
        work_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        devices = find_devices(work_folder)
    except TrialFailed as failure:
        return Cards(problem=failure.reason)
    except OSError as error:
        reason = {"reason": error.strerror or str(error)}
        return Cards(problem=Text("The engine could not be started: {reason}", reason))
    return Cards(with_memory(devices, memory()), unused=unused_here(devices))


class Devices:
    """The devices of this computer, asked for once by however many want to know."""

    def __init__(
        self,
        work_folder: Path,
        cache: Path,
        *,
        is_busy: Callable[[], bool] = never,
        ask: Callable[[Path], Cards] = find_cards,
        measure: "Callable[[], Bandwidth | Text]" = read_bandwidth,
        fingerprint: Callable[[], str] = machine_fingerprint,
    ) -> None:
        """Read nothing yet. Engine processes work in `work_folder`; `cache` is a file.

        Memory is not measured while an answer is being written, or a model loaded: `is_busy`.
        `ask`, `measure` and `fingerprint` are what is asked when something has to be found out.
        """
        self._work_folder = work_folder
        self._cache = cache
        self._is_busy = is_busy
        self._ask = ask
        self._measure = measure
        self._fingerprint = fingerprint
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._measuring = threading.Lock()
        self._disturbed = 0
        self._kept: KeptDevices | None = None
        self._cards: Cards | None = None
        self._asking: Future[Cards] | None = None
        self._stamp = ""
        self._processor_stamp = ""

    def known(self) -> tuple[Device, ...] | None:
        """Return the devices at once, the processor among them; None while nobody knows them.

        What is free of the computer's own memory is as of now; of cards with memory of their own as
        it was when they were found, maybe days ago: `device_list.as_of_now` asks their drivers.
        """
        cards = self.cards()
        if cards is None or cards.problem is not None:
            return None
        return with_memory(cards.devices, memory())

    def cards(self) -> Cards | None:
        """Return at once what was found, with what cannot be used and why; None as for `known`."""
        with self._lock:
            if self._cards is None:
                kept = self._read()
                if kept.cards is not None and kept.fingerprint == self._machine():
                    self._cards = kept.cards
            return self._cards

    def find(self) -> Cards:
        """Ask the engine, however much is known; seconds. Who asks meanwhile waits for the same.

        Never raises: `Cards.problem` says why nothing was found out.
        """
        with self._lock:
            asking, mine = self._asking, self._asking is None
            if asking is None:
                asking = self._asking = Future()
        if not mine:
            return asking.result()
        try:
            cards = self._ask(self._work_folder)
            self._learn(cards)
        except BaseException as error:
            asking.set_exception(error)
            raise
        else:
            asking.set_result(cards)
            return cards
        finally:
            with self._lock:
                self._asking = None

    def bandwidth(self) -> float | None:
        """Return at once how many bytes a second the processor reads from memory; None if unknown."""
        with self._lock:
            kept = self._read()
            if kept.bandwidth is None or kept.processor != self._processor():
                return None
            return kept.bandwidth

    def find_bandwidth(self) -> float | Text:
        """Return that figure, measured the first time on this computer (0.4 s of all cores).

        Or the reason why it is not known: while an answer is being written, neither would be
        itself, so it is to be asked for again; or while other programs hold the processor, for
        memory then seems much slower than it is. Never raises.
        """
        with self._measuring:
            known = self.bandwidth()
            if known is not None:
                return known
            if self._is_busy():
                return BUSY
            if self._disturbed >= _MOST_DISTURBED:
                return DISTURBED
            found = self._measure()
            if isinstance(found, Text):
                return found
            if self._is_busy():
                return BUSY
            if not found.is_sure:
                self._disturbed += 1
                return DISTURBED
            with self._lock:
                self._kept = replace(
                    self._read(), processor=self._processor(), bandwidth=found.rate
                )
            self._save()
            return found.rate

    def _learn(self, cards: Cards) -> None:
        """Keep what was found; a failure only till Lapis ends, and never instead of knowledge."""
        if cards.problem is not None:
            known = self.cards()
            with self._lock:
                self._cards = known or cards
            return
        # Drivers may have changed since Lapis started.
        stamp = self._stamp_now()
        with self._lock:
            self._cards, self._stamp = cards, stamp
            self._kept = replace(self._read(), fingerprint=stamp, cards=cards)
        self._save()

    def _read(self) -> KeptDevices:
        """Return what the file says, read once; with the lock held."""
        if self._kept is None:
            self._kept = read_devices(self._cache)
        return self._kept

    def _machine(self) -> str:
        """Return the fingerprint, made once; with the lock held."""
        self._stamp = self._stamp or self._stamp_now()
        return self._stamp

    def _stamp_now(self) -> str:
        """Return the fingerprint of the computer, and of the pack that the engine gets here."""
        from desktop.backends import pack_folder

        return f"{self._fingerprint()} {pack_folder.stamp(self._work_folder)}".strip()

    def _processor(self) -> str:
        """Return the processor's fingerprint, made once; with the lock held."""
        self._processor_stamp = self._processor_stamp or processor_fingerprint()
        return self._processor_stamp

    def _save(self) -> None:
        """Write what is known, without the lock: the disk may be slow, and `known` is not."""
        with self._saving:
            with self._lock:
                kept = self._kept or KeptDevices()
            write_devices(self._cache, kept)
