"""The parts of what would be sent, from few counts, and exact to the token."""

import queue
from pathlib import Path

import pytest

from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.engine import Phase
from desktop.domain.errors import LapisError
from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.context import ContextParts, Draft, Opening, Part, request_messages
from tests import gguf_files
from tests.chat_templates import GEMMA3, LLAMA3, QWEN3
from tests.unit.engine_room import WAIT_SECONDS, Room, engine_room

HISTORY = (
    Message(Role.USER, "Where does the sun rise?"),
    Message(Role.ASSISTANT, "In the east."),
    Message(Role.USER, "太阳从哪里升起？"),
    Message(Role.ASSISTANT, "从东方。"),
)
FILE = Attachment(AttachmentKind.FILE, "月亮.py", "def moon():\n    return '月亮'\n" * 5)


def count_missing(room: Room, parts: ContextParts, *, settled: bool) -> set[Part]:
    wanted = parts.missing(settled=settled)
    heard: queue.SimpleQueue[tuple[int, ...] | LapisError | None] = queue.SimpleQueue()
    room.engine.count(list(wanted.values()), heard.put)
    counted = heard.get(timeout=WAIT_SECONDS)
    assert isinstance(counted, tuple), counted
    parts.learn(dict(zip(wanted, counted, strict=True)))
    return set(wanted)


def read_tokens(room: Room, opening: Opening, draft: Draft) -> int:
    sampling = Sampling(temperature=0, max_tokens=1)
    request = ChatRequest(request_messages(opening, draft), sampling)
    return room.ask(request).wait().finished.usage.prompt_tokens


@pytest.mark.parametrize("template", [gguf_files.CHATML, QWEN3, LLAMA3, GEMMA3])
def test_parts_add_up_to_what_is_read(tmp_path: Path, template: str) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", template=template, context_length=4096)
    opening = Opening("Answer briefly. 简短。", HISTORY)
    drafts = [
        Draft("and the moon?", (FILE,)),
        Draft("那月亮呢？ <|im_end|>"),
        Draft("", (FILE,)),
        Draft(),
    ]
    with engine_room(tmp_path, model) as room:
        room.until(Phase.READY)
        parts = ContextParts()
        for draft in drafts:
            parts.take(opening, draft)
            count_missing(room, parts, settled=True)
            count = parts.count(4096)
            assert count is not None
            assert count.exact
            assert count.total == read_tokens(room, opening, draft)
            assert count.system > 0
            assert count.history > 0
            assert (count.attachments > 0) is bool(draft.attachments)
            assert (count.draft > 0) is bool(draft.text)


def test_while_somebody_types_only_the_draft_is_counted(tmp_path: Path) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", context_length=4096)
    opening = Opening("S", HISTORY)
    with engine_room(tmp_path, model) as room:
        room.until(Phase.READY)
        parts = ContextParts()
        parts.take(opening, Draft("a"))
        assert count_missing(room, parts, settled=False) == {
            Part.BARE, Part.SYSTEM, Part.OPENING, Part.SHORT, Part.WHOLE,
        }  # fmt: skip
        for text in ("and", "and the 月", "and the 月亮 <|im_start|>?"):
            parts.take(opening, Draft(text))
            assert count_missing(room, parts, settled=False) == {Part.SHORT}
            while_typing = parts.count(4096)
            assert while_typing is not None
            assert while_typing.total == read_tokens(room, opening, Draft(text))
        assert set(parts.missing(settled=True)) == {Part.WHOLE}
        parts.take(opening, Draft("and", (FILE,)))
        assert Part.ATTACHED in parts.missing(settled=False)


def test_another_opening_is_counted_anew_and_nothing_is_known_of_it_before() -> None:
    parts = ContextParts()
    parts.take(Opening("S", HISTORY), Draft("a"))
    parts.learn(dict.fromkeys(Part, 7))
    assert parts.count(100) is not None
    parts.take(Opening("S", HISTORY), Draft("a"))
    assert parts.count(100) is None


def test_where_a_template_does_not_add_up_the_whole_is_counted_each_time() -> None:
    parts = ContextParts()
    opening = Opening("S", HISTORY)
    known = {Part.BARE: 5, Part.SYSTEM: 8, Part.OPENING: 40, Part.SHORT: 7, Part.WHOLE: 43}
    parts.take(opening, Draft("a"))
    parts.learn(known)
    parts.take(opening, Draft("ab"))
    assert set(parts.missing(settled=False)) == {Part.SHORT, Part.WHOLE}


def test_an_estimate_says_that_it_is_one() -> None:
    parts = ContextParts()
    parts.take(Opening("Be kind.", HISTORY), Draft("word " * 100, (FILE,)))
    guess = parts.estimate(2048)
    assert not guess.exact
    assert 80 < guess.draft < 160
    assert guess.history > 0
    assert guess.attachments > 0
    assert guess.total + guess.free == 2048
