"""Server-sent events taken apart, wherever the line happens to be cut."""

import pytest

from desktop.backends.openai_sse import MOST_EVENT_BYTES, EventReader, TooLong

WHOLE = (
    b"\xef\xbb\xbfdata: one\n\n: a remark\nevent: x\ndata:two\r\ndata:  three\r\n\r\n"
    b"id: 4\n\ndata\n\ndata: f\xc3\xbcnf\r\rdata: last"
)
EVENTS = [b"one", b"two\n three", b"f\xc3\xbcnf", b"last"]


def read(*blocks: bytes) -> list[bytes]:
    """Return the events of an answer that comes in these blocks."""
    reader = EventReader()
    return [data for block in blocks for data in reader.feed(block)] + list(reader.rest())


def test_events_are_the_same_wherever_the_line_is_cut() -> None:
    assert read(WHOLE) == EVENTS
    for at in range(len(WHOLE)):
        assert read(WHOLE[:at], WHOLE[at:]) == EVENTS
    assert read(*(WHOLE[at : at + 1] for at in range(len(WHOLE)))) == EVENTS


def test_an_event_is_told_as_soon_as_it_has_ended() -> None:
    reader = EventReader()

    assert list(reader.feed(b"data: one\n")) == []
    assert list(reader.feed(b"\n")) == [b"one"]


@pytest.mark.parametrize("block", [b"x" * 4096, b"data: x\n", b"data:\n"])
def test_an_event_without_end_is_given_up(block: bytes) -> None:
    reader = EventReader()

    def feed() -> None:
        for _ in range(MOST_EVENT_BYTES):
            list(reader.feed(block))

    with pytest.raises(TooLong):
        feed()


def test_remarks_without_end_take_no_room() -> None:
    reader = EventReader()
    for _ in range(2000):
        assert list(reader.feed(b": " + b"x" * 1000 + b"\n")) == []

    assert list(reader.feed(b"data: one\n\n")) == [b"one"]
