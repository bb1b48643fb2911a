"""A process for one job that needs native code or runs foreign code, and ends with it.

Jobs: a model file written anew in a smaller quantisation, its size predicted; a chat template
rendered; a model file measured; a document read as text. The main thread does the job, a second one ends the process when the
parent closes the pipe. What is true of the engine process is true of this one, see `child`.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from desktop.domain.text import encodable
from desktop.inference.child import (
    EXIT_BROKEN,
    TEMPLATE_SECONDS,
    claim_output,
    end_with,
    ended_after,
    harden,
    limit_memory,
)
from desktop.inference.messages import ProtocolError, Report, Step, Turn, frame, read_command
from desktop.inference.side_messages import (
    Advanced,
    DocumentRead,
    JobFailed,
    Measure,
    Predict,
    Preview,
    Previewed,
    Quantise,
    Quantised,
    ReadDocument,
    SideOrder,
    SideReport,
)

# A prompt longer than this is nothing to look at, and the frame must hold it.
_LONGEST_PREVIEW: Final = 2**20
_DETAIL: Final = 500
# A document of 100 MB, held twice, with all that is made of it.
_DOCUMENT_MEMORY: Final = 2**30
_DOCUMENT_SECONDS: Final = 300.0
# Numbers written between two reports at least.
_PROGRESS_STEP: Final = 2**20


def main(parent: int) -> None:
    """Do what the first message asks for, say what came of it, and end; never returns.

    `parent` is a process id; with it, or with the pipe, this process ends too.
    """
    reports = claim_output()
    harden(parent)
    threading.excepthook = lambda failure: end_with(failure.exc_value)
    try:
        _serve(sys.stdin.buffer, reports)
    except BaseException as failure:  # noqa: BLE001 - whatever it is, the parent reads it
        end_with(failure)
    os._exit(0)


def _serve(orders: BinaryIO, reports: BinaryIO) -> None:
    def emit(report: Report) -> None:
        try:
            reports.write(frame(report))
            reports.flush()
        except OSError:
            os._exit(0)

    try:
        order = read_command(orders)
    except ProtocolError:
        os._exit(EXIT_BROKEN)
    if not isinstance(order, SideOrder):
        os._exit(0 if order is None else EXIT_BROKEN)
    threading.Thread(target=_end_with_pipe, args=(orders,), daemon=True).start()
    emit(_outcome(order, emit))


def _end_with_pipe(orders: BinaryIO) -> None:
    orders.read()
    os._exit(0)


def _outcome(order: SideOrder, emit: Any) -> SideReport:
    if isinstance(order, Preview):
        return _preview(order, emit)
    if isinstance(order, ReadDocument):
        return _read(order, emit)
    from desktop.inference.bindings import BindingsMissing
    from desktop.inference.loading import LoadError

    try:
        return _with_llama(order, emit)
    except BindingsMissing as error:
        return JobFailed("backends", str(error)[:_DETAIL])
    except MemoryError as error:
        return JobFailed("memory", str(error)[:_DETAIL])
    except LoadError as error:
        return JobFailed(error.kind, error.detail[-_DETAIL:])


def _with_llama(order: Predict | Quantise | Measure, emit: Any) -> SideReport:
    from desktop.inference.bindings import load_bindings
    from desktop.inference.measuring import measure
    from desktop.inference.requantising import predict, quantise

    lib, ggml = load_bindings()
    match order:
        case Predict():
            emit(Step("quantise"))
            return predict(lib, order)
        case Quantise():
            emit(Step("quantise"))
            quantise(lib, order, _Progress(emit))
            return Quantised()
        case Measure():
            emit(Step("load"))
            return measure(lib, ggml, order, lambda points: emit(Advanced(points)))


def _read(order: ReadDocument, emit: Any) -> DocumentRead | JobFailed:
    from desktop.inference.documents.bounds import Unreadable
    from desktop.inference.documents.reading import read

    emit(Step("read"))
    limit_memory(_DOCUMENT_MEMORY)
    try:
        with ended_after(_DOCUMENT_SECONDS):
            return read(order, lambda hundredths: emit(Advanced(hundredths)))
    except Unreadable as unreadable:
        return JobFailed(unreadable.fault, "")
    except MemoryError:
        return JobFailed("memory", "")
    except OSError as error:
        return JobFailed("disk", (error.strerror or type(error).__name__)[:_DETAIL])


class _Progress:
    """Reports how far a job is, but not each of a thousand small steps."""

    def __init__(self, emit: Any) -> None:
        """Begin at nothing."""
        self._emit = emit
        self._told = 0

    def __call__(self, elements: int) -> None:
        """Say so, if it is worth it."""
        if elements - self._told >= _PROGRESS_STEP:
            self._told = elements
            self._emit(Advanced(elements))


def _preview(order: Preview, emit: Any) -> SideReport:
    from desktop.inference.rendering import Renderer
    from desktop.inference.sandbox import TemplateFailed

    @contextlib.contextmanager
    def guard() -> Iterator[None]:
        emit(Step("template"))
        with ended_after(TEMPLATE_SECONDS):
            yield

    turns = [Turn(role, content) for role, content in order.turns]
    try:
        text = Renderer(guard, order.special).text(order.source, turns, [], None).text
    except TemplateFailed as error:
        return JobFailed("template", str(error))
    if len(text) > _LONGEST_PREVIEW:
        return JobFailed("template", "the template writes without end")
    # A template can write half a surrogate pair, which is no text.
    return Previewed(encodable(text))
