"""What a model is given of a long chat, and what leaves first."""

from dataclasses import replace

import pytest

from desktop.domain.chat import Message, Role, Sampling
from desktop.domain.history import (
    Attachment,
    AttachmentKind,
    MemoryStart,
    MessageState,
    StoredMessage,
)
from desktop.services.context_estimate import estimated_tokens
from desktop.services.context_memory import Cut, cut, remembered, sent, turns_of
from desktop.services.context_summary import shortened_request, summary_request


def said(*texts: str) -> list[StoredMessage]:
    """Return a branch of these texts, the person's and the model's in turns."""
    return [
        StoredMessage(
            id=number,
            chat=1,
            parent=number - 1 or None,
            role=Role.USER if number % 2 else Role.ASSISTANT,
            content=text,
            reasoning="",
            state=MessageState.COMPLETE,
            model="m",
            usage=None,
            note="",
            created=0.0,
        )
        for number, text in enumerate(texts, start=1)
    ]


def texts_of(messages: tuple[Message, ...]) -> list[str]:
    return [message.content for message in messages]


def marked(branch: list[StoredMessage], place: int, memory: MemoryStart) -> list[StoredMessage]:
    return [replace(each, memory=memory) if each.id == place else each for each in branch]


LONG = said("q1", "a1", "q2", "a2", "q3", "a3", "q4")


def test_without_a_mark_all_is_sent_after_the_system_prompt() -> None:
    assert texts_of(sent("Be kind.", LONG)) == [
        "Be kind.", "q1", "a1", "q2", "a2", "q3", "a3", "q4",
    ]  # fmt: skip
    assert [each.role for each in sent("", LONG)[:2]] == [Role.USER, Role.ASSISTANT]


def test_questions_without_an_answer_are_left_out_but_the_last() -> None:
    branch = said("q1", "  ", "q2", "a2", "q3")
    assert texts_of(sent("", branch)) == ["q2", "a2", "q3"]
    assert texts_of(sent("", branch[:-1])) == ["q2", "a2"]


def test_attachments_go_with_their_question() -> None:
    branch = said("q1", "a1", "what is it?")
    file = Attachment(AttachmentKind.FILE, "a.txt", "一二三")
    branch[0] = replace(branch[0], attachments=(file,))
    first = sent("", branch)[0].content
    assert "a.txt" in first
    assert "一二三" in first
    assert first.endswith("q1")


def test_from_the_mark_on_everything_and_before_it_the_first_turn() -> None:
    branch = marked(LONG, 5, MemoryStart())
    assert texts_of(sent("S", branch)) == ["S", "q1", "a1", "q3", "a3", "q4"]
    branch = marked(LONG, 5, MemoryStart(keeps_first=False))
    assert texts_of(sent("S", branch)) == ["S", "q3", "a3", "q4"]


def test_of_several_marks_the_last_one_counts() -> None:
    branch = marked(marked(LONG, 3, MemoryStart("old")), 7, MemoryStart("new", keeps_first=False))
    assert texts_of(sent("", branch))[1:] == ["q4"]
    assert "new" in sent("", branch)[0].content
    assert "old" not in sent("", branch)[0].content


@pytest.mark.parametrize(("summary", "word"), [("They met.", "in short"), ("他们见面了。", "摘要")])
def test_a_summary_stands_at_the_end_of_the_system_prompt(summary: str, word: str) -> None:
    branch = marked(LONG, 5, MemoryStart(summary))
    head, *rest = sent("Be kind.", branch)
    assert head.role is Role.SYSTEM
    assert head.content.startswith("Be kind.\n\n")
    assert head.content.endswith(summary)
    assert word in head.content
    assert texts_of(tuple(rest)) == ["q1", "a1", "q3", "a3", "q4"]
    assert sent("", branch)[0].role is Role.SYSTEM


def test_a_mark_on_the_first_message_keeps_nothing_twice() -> None:
    branch = marked(LONG, 1, MemoryStart())
    assert remembered(branch).first is None
    assert texts_of(sent("", branch)) == ["q1", "a1", "q2", "a2", "q3", "a3", "q4"]


def test_the_oldest_leave_and_the_first_stays() -> None:
    # 1000: 750 may be taken. 50 fixed, 100 first, 100 last: 500 for the others.
    assert cut([100, 300, 300, 200, 100], first=0, fixed=50, room=1000) == Cut(2, keeps_first=True)
    assert cut([300, 300, 200, 100], first=100, fixed=50, room=1000) == Cut(1, keeps_first=True)


def test_a_quarter_of_the_window_is_left_free() -> None:
    for size in (5, 17, 90):
        turns = [size] * 200
        found = cut(turns, first=0, fixed=20, room=1000)
        assert found is not None
        taken = 20 + turns[0] + sum(turns[found.start :])
        assert 750 - size < taken <= 750


def test_a_first_turn_that_does_not_fit_leaves_too() -> None:
    assert cut([900, 50, 50, 100], first=0, fixed=50, room=1000) == Cut(1, keeps_first=False)
    assert cut([50, 50, 100], first=900, fixed=50, room=1000) == Cut(0, keeps_first=False)


def test_a_last_question_that_takes_most_of_the_window_is_kept_alone() -> None:
    assert cut([100, 100, 800], first=0, fixed=50, room=1000) == Cut(2, keeps_first=False)


def test_nothing_helps_a_question_longer_than_the_window() -> None:
    assert cut([10, 960], first=0, fixed=50, room=1000) is None
    assert cut([], first=0, fixed=50, room=1000) is None


def test_a_summary_is_asked_for_in_the_language_of_the_chat() -> None:
    english = summary_request(turns_of(LONG[:6]), "", 4096, Sampling()).request
    assert "Summarise" in english.messages[0].content
    assert "User: q1\n\nAssistant: a1" in english.messages[0].content
    branch = said("月亮为什么发光？", "因为它反射太阳的光。")
    chinese = summary_request(turns_of(branch), "之前说过太阳。", 4096, Sampling()).request
    assert "概括" in chinese.messages[0].content
    assert "更早内容的摘要: 之前说过太阳。" in chinese.messages[0].content
    assert not chinese.keep_state
    assert chinese.thinking is False


@pytest.mark.parametrize("text", ["word " * 4000, "月亮" * 6000])
def test_a_summary_of_too_much_is_made_of_the_newest_that_fits(text: str) -> None:
    turns = turns_of(said("The very first", text, "and the end?", "The very last"))
    asked = summary_request(turns, "", 2048, Sampling())
    content = asked.request.messages[0].content
    assert asked.is_partial
    assert content.endswith("The very last")
    assert "The very first" not in content
    longest = asked.request.sampling.max_tokens
    assert longest is not None
    assert estimated_tokens(content) + longest < 2048
    shorter = shortened_request(asked)
    assert shorter is not None
    assert shorter.is_partial
    assert shorter.request.messages[0].content.endswith("The very last")
    assert len(shorter.said) < len(asked.said) * 0.7
    rounds = 0
    while shorter is not None:
        shorter, rounds = shortened_request(shorter), rounds + 1
    assert rounds < 12
