"""Texts to vectors while others are stopped: in a real engine process, with a real model."""

from pathlib import Path

from desktop.inference.messages import Done, Embed, Embedded, Refused
from tests.gguf_files import write_bert
from tests.unit.engine_child import Child, engine_child

# Seconds of work, so that a stop comes while it is being done.
_LONG = ["hello world " * 15] * 300


def ends(child: Child, count: int) -> dict[int, object]:
    """Return how each of `count` orders ended."""
    found: dict[int, object] = {}
    while len(found) < count:
        report = child.next()
        if isinstance(report, Embedded | Refused | Done):
            assert report.id not in found
            found[report.id] = report
    return found


def test_who_stops_waiting_for_vectors_costs_nobody_else_his_own(tmp_path: Path) -> None:
    with engine_child(tmp_path) as child:
        child.load(write_bert(tmp_path / "tiny.gguf", layers=12), n_ctx=512)
        child.send(Embed(id=1, texts=_LONG))
        child.send(Embed(id=2, texts=_LONG[:2]))
        child.cancel(2)
        ended = ends(child, 2)

        assert isinstance(ended[1], Embedded)
        assert len(ended[1].vectors) == len(_LONG)
        assert isinstance(ended[2], Done)
        assert ended[2].reason == "stopped"


def test_vectors_that_nobody_wants_any_more_are_given_up(tmp_path: Path) -> None:
    with engine_child(tmp_path) as child:
        child.load(write_bert(tmp_path / "tiny.gguf", layers=12), n_ctx=512)
        child.send(Embed(id=1, texts=_LONG))
        child.cancel(1)
        child.cancel(7)
        child.send(Embed(id=2, texts=_LONG[:1]))
        ended = ends(child, 2)

        assert isinstance(ended[1], Done)
        assert ended[1].reason == "stopped"
        assert isinstance(ended[2], Embedded)
