"""How much memory a model takes, installed or only listed: the one door to these figures.

Reckoned at once by formula; measured by llama.cpp itself within seconds, and kept; corrected by
what was seen when the model was loaded. Any thread. `known` asks nothing but memory, for the
window; `measured` and `read_header` wait for disks, processes and networks, `kept` for a tenth of
a second at most.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from desktop.backends.side_job import Cancelled
from desktop.base.cancelling import never
from desktop.domain.footprint import Certainty, Footprint, Load, Point
from desktop.domain.model import FlashAttention, GgufInfo, InstalledModel, KvType, LoadPlan
from desktop.models.fit import reckoned, with_draft
from desktop.services.machine_fingerprint import machine_fingerprint
from desktop.services.model_notes import BOUND_SECONDS
from desktop.services.sized_corrections import corrected_by
from desktop.services.sized_headers import ModelHeaders
from desktop.services.sized_points import (
    Listed,
    Subject,
    grid,
    key_of,
    plain_plan,
    plan_key,
)
from desktop.services.sized_store import SizeStore
from desktop.store.records import Records

if TYPE_CHECKING:
    from desktop.models.catalogue import Catalogue
    from desktop.services.remote_headers import RemoteHeaders

_CHECK_SECONDS: Final = 0.1

__all__ = ["Listed", "Sizes", "Subject", "grid", "plain_plan"]


class Measure(Protocol):
    """What asks llama.cpp; see `services.measuring.measure`."""

    def __call__(
        self,
        work_folder: Path,
        path: Path,
        plan: LoadPlan,
        points: Sequence[Point],
        *,
        projector_bytes: int = 0,
        info: GgufInfo | None = None,
        cancelled: Callable[[], bool] = never,
    ) -> tuple[Footprint, ...]:
        """Return a footprint for each point; raises LapisError."""
        ...


class Sizes:
    """Memory figures of models. What is asked twice is answered from memory."""

    def __init__(
        self,
        work_folder: Path,
        records: Records | None = None,
        headers: "RemoteHeaders | None" = None,
        *,
        catalogue: "Callable[[], Catalogue] | None" = None,
        ask: Measure | None = None,
        machine: Callable[[], str] = machine_fingerprint,
    ) -> None:
        """Read nothing yet. Measuring processes work in `work_folder`.

        Without `records` nothing is kept over restarts; without `headers` listed models are only
        reckoned. `ask` asks llama.cpp; `machine` says for which computer and libraries a
        measured figure holds.
        """
        self._work_folder = work_folder
        self._headers = ModelHeaders(headers)
        self._read_catalogue = catalogue
        self._measure = ask
        self._store = SizeStore(records, machine)
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._catalogue: Catalogue | None = None

    def ask_network(self, headers: "RemoteHeaders") -> None:
        """Fetch headers of listed models from now on."""
        self._headers.remote = headers

    # At once.

    def reckoned(
        self, subject: Subject, plan: LoadPlan, points: Sequence[Point]
    ) -> tuple[Footprint, ...]:
        """Return what `subject` takes by formula, at each of `points`; well under a millisecond.

        The first time the header of an installed model is read: some milliseconds, or with a large
        vocabulary some dozens. A listed model is reckoned by what was read of it (`read_header`),
        else by the catalogue. All of it in the memory of the computer. Raises ModelFileError.
        """
        if isinstance(subject, InstalledModel):
            info = self._headers.installed(subject)
        elif (read := self._headers.known(subject)) is not None:
            info = read
        else:
            return self._by_catalogue(subject, plan, points)
        projector = self._headers.pictures(subject)
        draft = self._headers.draft(plan)
        return tuple(
            replace(reckoned(info, _at(plan, point), draft), projector=projector)
            for point in points
        )

    def known(
        self, subject: Subject, plan: LoadPlan, points: Sequence[Point]
    ) -> tuple[Footprint | None, ...]:
        """Return what is known of `subject` better than by formula; None where nothing is.

        Memory alone is asked: of what was measured before Lapis was started nothing is known here
        until `kept` or `measured` was called for it.
        """
        found = self._store.find(subject, plan, points)
        return tuple(one and self._dressed(subject, plan, one) for one in found)

    def best(
        self, subject: Subject, plan: LoadPlan, points: Sequence[Point]
    ) -> tuple[Footprint, ...]:
        """Return what `known` knows, and for the other points what is `reckoned`."""
        known = self.known(subject, plan, points)
        if None not in known:
            return tuple(one for one in known if one is not None)
        by_formula = self.reckoned(subject, plan, points)
        return tuple(one or other for one, other in zip(known, by_formula, strict=True))

    def corrected(self, subject: Subject, plan: LoadPlan, footprint: Footprint) -> Footprint:
        """Return a measured `footprint` with what was seen when the model was loaded with `plan`.

        As it is where it never was, or where what was seen is too far from it to be believed.
        `known`, `kept` and `measured` return it so already.
        """
        if footprint.certainty is not Certainty.MEASURED:
            return footprint
        loads = [
            self.as_measured(subject, plan, load) for load in self._store.loads(key_of(subject))
        ]
        return corrected_by(footprint, loads, plan_key(plan))

    # From the disk, another process, or the network.

    def kept(
        self, subject: Subject, plan: LoadPlan, points: Sequence[Point]
    ) -> tuple[Footprint | None, ...]:
        """Return what `known` does, with what was measured before Lapis was started.

        Waits for the disk, for a lock of another program a tenth of a second at most.
        """
        self._store.recall(self._store.place_of(subject, plan), BOUND_SECONDS)
        return self.known(subject, plan, points)

    def measured(
        self,
        subject: Subject,
        plan: LoadPlan,
        points: Sequence[Point],
        cancelled: Callable[[], bool] = never,
    ) -> tuple[Footprint, ...]:
        """Return what llama.cpp itself says, at each of `points`; about a second the first time.

        Of a listed model the header is fetched before, some megabytes. What was measured is kept.
        Raises LapisError, of an architecture that this llama.cpp does not know among others, and
        `backends.side_job.Cancelled`.
        """
        place = self._store.place_of(subject, plan)
        self._store.recall(place)
        with self._turn(place.key, cancelled):
            known = dict(zip(points, self._store.find(subject, plan, points), strict=True))
            missing = [point for point, one in known.items() if one is None]
            if missing:
                found = self._ask(subject, plan, missing, cancelled)
                fresh = dict(zip(missing, found, strict=True))
                self._store.keep(place, fresh)
                known.update(fresh)
        asked = (known[point] for point in points)
        return tuple(self._dressed(subject, plan, one) for one in asked if one is not None)

    def read_header(
        self, subject: Subject, cancelled: Callable[[], bool] = never, *, whole: bool = False
    ) -> GgufInfo | None:
        """Read what `reckoned` needs: over the network 64 KB of a listed model, or all of it.

        None where there is no network to ask. Raises LapisError.
        """
        return self._headers.read(subject, cancelled, whole=whole)

    # Loads.

    def predicted(self, model: InstalledModel, plan: LoadPlan, point: Point) -> Footprint:
        """Return what is foretold for a load, uncorrected, to be held against what is seen.

        As it was measured, if it was, else by formula. Waits as `kept` does; raises ModelFileError.
        """
        self._store.recall(self._store.place_of(model, plan), BOUND_SECONDS)
        (found,) = self._store.find(model, plan, (point,))
        if found is None:
            return self.reckoned(model, plan, (point,))[0]
        return self._with_draft(found, plan)

    def note_load(self, model: InstalledModel, load: Load) -> None:
        """Keep what was seen of a load, and correct by it from now on; may wait, raises nothing.

        `load` needs no path and no machine.
        """
        self._store.note_load(self._store.place_of(model, LoadPlan(model.path)), load)

    def loads(self, model: InstalledModel) -> tuple[Load, ...]:
        """Return how the file was loaded on this computer, the newest first; waits as `kept`."""
        self._store.recall(self._store.place_of(model, LoadPlan(model.path)), BOUND_SECONDS)
        return self._store.loads(key_of(model))

    def as_measured(self, subject: Subject, plan: LoadPlan, load: Load) -> Load:
        """Return a `load` with `plan` against what was measured, also where that was done after it.

        As it is where nothing was, or with another plan. At once: memory alone is asked.
        """
        if load.predicted.certainty is Certainty.MEASURED or load.plan != plan_key(plan):
            return load
        (found,) = self._store.find(subject, plan, (load.predicted.point,))
        return load if found is None else replace(load, predicted=self._with_draft(found, plan))

    # How it is done.

    @contextmanager
    def _turn(self, key: str, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Let one measure a model at a time: whoever comes second finds it measured."""
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        while not turn.acquire(timeout=_CHECK_SECONDS):
            if cancelled():
                raise Cancelled
        try:
            yield
        finally:
            turn.release()

    def _dressed(self, subject: Subject, plan: LoadPlan, measured: Footprint) -> Footprint:
        """Return what was measured of a model alone as it is loaded here."""
        return self.corrected(subject, plan, self._with_draft(measured, plan))

    def _with_draft(self, measured: Footprint, plan: LoadPlan) -> Footprint:
        draft = self._headers.draft(plan)
        return measured if draft is None else with_draft(measured, draft, plan)

    def _ask(
        self,
        subject: Subject,
        plan: LoadPlan,
        points: Sequence[Point],
        cancelled: Callable[[], bool],
    ) -> tuple[Footprint, ...]:
        """Return what llama.cpp says, asked now."""
        with ExitStack() as stack:
            if isinstance(subject, InstalledModel):
                path, projector = subject.path, 0
                info = self._headers.read(subject, cancelled)
            else:
                hollow = self._headers.hollow(subject, self._work_folder, cancelled)
                path, info = stack.enter_context(hollow), None
                projector = self._headers.projector(subject, cancelled)
            if self._measure is None:
                from desktop.services.measuring import measure

                self._measure = measure
            return self._measure(
                self._work_folder,
                path,
                # What guesses ahead is added later, whatever was kept.
                replace(plan, path=path, draft_model=None),
                points,
                projector_bytes=projector,
                info=info,
                cancelled=cancelled,
            )

    def _by_catalogue(
        self, subject: Listed, plan: LoadPlan, points: Sequence[Point]
    ) -> tuple[Footprint, ...]:
        # Only here: what installs no model needs no catalogue.
        from desktop.models.catalogue import load_catalogue
        from desktop.services.sized_listed import by_catalogue

        if self._catalogue is None:
            self._catalogue = (self._read_catalogue or load_catalogue)()
        listing = self._catalogue
        return tuple(by_catalogue(subject, plan, point, listing) for point in points)


def _at(plan: LoadPlan, point: Point) -> LoadPlan:
    flash = plan.flash_attention is not FlashAttention.OFF
    return replace(plan, n_ctx=point.context, kv_type=point.kv_type if flash else KvType.F16)
