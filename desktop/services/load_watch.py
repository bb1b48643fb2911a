"""What a model took is noted some moments after it was loaded.

Watches the engine from its own thread, and notes in another one, since the disk may be slow.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from desktop.base.worker import Worker
from desktop.domain.engine import EngineMemory, EngineState, Phase

_SETTLED_SECONDS: Final = 3.0
_PATIENCE: Final = 1.0


class LoadNotes(Protocol):
    """Whoever takes the notes; both methods may wait for the disk, and raise nothing."""

    def remember_loaded(self, path: Path, context: int, memory: int) -> None:
        """Note what a model took: `memory` in bytes, with `context` tokens."""
        ...

    def remember_used(self, path: Path) -> None:
        """Note that a model is used now."""
        ...


class LoadWatch:
    """Notes that a model is used when it is ready, and what it took once it has settled."""

    def __init__(
        self,
        notes: LoadNotes,
        memory: Callable[[], EngineMemory | None],
        *,
        settled: float = _SETTLED_SECONDS,
    ) -> None:
        """Start the thread. `memory` measures the engine; a model settles in `settled` seconds."""
        self._notes = notes
        self._memory = memory
        self._settled = settled
        self._state = EngineState()
        self._closing = threading.Event()
        self._worker: Worker[EngineState] = Worker("load-watch", self._note)

    def observe(self, state: EngineState) -> None:
        """Take a state; to be given to `Engine.watch`. Returns at once."""
        earlier, self._state = self._state, state
        if state.loaded is not None and state.loaded is not earlier.loaded:
            self._worker.send(state)

    def close(self) -> None:
        """Measure now what was to be measured later, and end; before the engine is closed."""
        self._closing.set()
        self._worker.stop(_PATIENCE)

    def _note(self, state: EngineState) -> None:
        """Note what became of one load; in the worker's thread."""
        model, loaded = state.model, state.loaded
        if model is None or loaded is None:
            return
        self._notes.remember_used(model.path)
        # Buffers for computing take their place with the first questions.
        self._closing.wait(self._settled if self._state.loaded is loaded else 0)
        memory = self._memory()
        # Looked at afterwards: whatever was measured was this model's.
        if memory is not None and self._state.phase is Phase.READY and self._state.loaded is loaded:
            total = memory.resident + memory.gpu
            self._notes.remember_loaded(model.path, loaded.n_ctx, total)
