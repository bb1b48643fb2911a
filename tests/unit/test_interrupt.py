"""A stop that native code notices by itself."""

from pathlib import Path

from desktop.inference.messages import Delta, Done, Reading
from tests.gguf_files import write_llama
from tests.unit.engine_child import engine_child

LONG = "one two three four five six seven eight nine ten " * 25


def test_stops_while_reading_and_writing_leave_the_engine_free(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf", layers=4, context_length=4096)
    with engine_child(tmp_path / "engine") as child:
        child.load(path, n_ctx=4096)
        for number in range(30):
            request = child.start(f"{number} {LONG}", max_tokens=2000)
            child.next_of(Reading if number % 2 else Delta)
            child.cancel(request)
            _, done = child.until_end(request)
            assert done.reason == "stopped"
        text, done = child.ask("hello", max_tokens=50)

    assert text
    assert done.completion_tokens == 50


def test_many_stops_at_once_are_all_heard(tmp_path: Path) -> None:
    path = write_llama(tmp_path / "tiny.gguf", context_length=4096)
    with engine_child(tmp_path / "engine") as child:
        child.load(path, n_ctx=4096)
        requests = [child.start(f"{number} {LONG}", max_tokens=2000) for number in range(12)]
        for request in reversed(requests):
            child.cancel(request)
        ends: dict[int, str] = {}
        while len(ends) < len(requests):
            report = child.next_of(Done)
            assert isinstance(report, Done)
            ends[report.id] = report.reason
        _, done = child.ask("hello", max_tokens=50)

    assert set(ends.values()) == {"stopped"}
    assert done.completion_tokens == 50
