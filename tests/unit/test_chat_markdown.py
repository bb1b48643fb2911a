"""A chat as Markdown: what people see, in an order that reads, and no message spoils the next."""

import pytest

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role, ToolCall
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.history import Attachment, AttachmentKind, MemoryStart, MessageState
from desktop.services.chat_markdown import markdown_of
from desktop.services.chat_telling import Teller, when
from tests.unit.test_carrying import TREE


def told(*messages: CarriedMessage, title: str = "A title", **more: object) -> str:
    chained = tuple(messages)
    tip = chained[-1].key if chained else ""
    return markdown_of(CarriedChat(title, chained, tip, **more), Teller())  # type: ignore[arg-type]


def ask(text: str, **more: object) -> CarriedMessage:
    return CarriedMessage("q", None, Role.USER, text, **more)  # type: ignore[arg-type]


def answer(text: str, **more: object) -> CarriedMessage:
    return CarriedMessage("a", "q", Role.ASSISTANT, text, **more)  # type: ignore[arg-type]


def test_it_reads_as_a_conversation() -> None:
    text = told(
        ask("Why?"),
        answer("Because.", model="Gemma", created=1_600_000_000.0, state=MessageState.STOPPED),
        created=1_500_000_000.0,
        folder="Work",
    )

    assert text.split("\n\n") == [
        "# A title",
        f"*{when(1_500_000_000.0)} · Work*",
        "---",
        "**You**",
        "Why?",
        "**Answer**",
        "Because.",
        f"*Gemma · {when(1_600_000_000.0)} · stopped*\n",
    ]


def test_only_the_branch_on_show_is_told() -> None:
    text = markdown_of(TREE, Teller())

    assert "There." in text
    assert "Here." not in text
    assert "And then?" in text


def test_without_a_mark_the_newest_branch_is_told() -> None:
    chat = CarriedChat("t", (ask("Why?"), answer("Because.")))

    assert "Because." in markdown_of(chat, Teller())


def test_the_system_prompt_and_what_was_thought_are_folded() -> None:
    text = told(
        ask("Why?"),
        answer("So.", reasoning="Well </details> now", thinking_seconds=72.4),
        settings=ChatSettings(system_prompt="Be brief."),
    )

    assert "<details>\n<summary>System prompt</summary>\n\nBe brief.\n\n</details>" in text
    assert "<summary>Thought for 1 min 12 s</summary>\n\nWell &lt;/details> now\n\n" in text
    assert text.count("</details>") == 2


def test_attachments_stand_in_fences_that_they_cannot_close() -> None:
    file = Attachment(AttachmentKind.FILE, "a_b.py", "x = 1\n````\ny")
    text = told(ask("What is it?", attachments=(file,)))

    assert "a\\_b.py:\n\n`````py\nx = 1\n````\ny\n`````\n\nWhat is it?" in text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("```python\nx = 1", "```python\nx = 1\n```"),
        ("~~~~\nx\n```", "~~~~\nx\n```\n~~~~"),
        ("```\nx\n```", "```\nx\n```"),
        ("````\n```\nx", "````\n```\nx\n````"),
        ("```a``` is code", "```a``` is code"),
        ("```\nx\n``` no end", "```\nx\n``` no end\n```"),
    ],
)
def test_a_fence_left_open_is_closed(written: str, expected: str) -> None:
    assert f"\n\n{expected}\n" in told(ask("x"), answer(written))


def test_where_the_memory_begins_is_told() -> None:
    text = told(ask("Go on", memory=MemoryStart("It was about tea.")))

    assert "*— From here on the model remembers what was said —*" in text
    assert "It was about tea." in text


def test_calls_of_tools_and_what_they_gave_are_code() -> None:
    text = told(
        ask("x"),
        answer("", tool_calls=(ToolCall("1", "look", '{"a": 1}'),)),
        CarriedMessage("t", "a", Role.TOOL, "# found"),
    )

    assert '```\nlook({"a": 1})\n```' in text
    assert "**Tool**\n\n```\n# found\n```" in text


def test_a_title_is_no_markup() -> None:
    assert told(title="# *a*\n[b](c)").startswith("# \\# \\*a\\* \\[b\\](c)\n")
    assert told(title="  ").startswith("# New chat")
