"""What goes with a question reaches the model named and fenced, and cannot break out."""

import pytest

from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.attachment_text import attachment_text, with_attachments


def _file(name: str, text: str) -> Attachment:
    return Attachment(AttachmentKind.FILE, name, text)


def test_attachments_come_before_the_question_in_their_order() -> None:
    sent = with_attachments(
        "Compare them.",
        (_file("a.py", "x = 1\n"), Attachment(AttachmentKind.PASTE, "", "y = 2")),
    )
    assert sent == (
        'File "a.py":\n```py\nx = 1\n```\n\nPasted text:\n```\ny = 2\n```\n\nCompare them.'
    )


def test_without_attachments_a_question_is_as_it_was_written() -> None:
    assert with_attachments(" as it is \n", ()) == " as it is \n"


def test_attachments_alone_are_a_question_too() -> None:
    selection = Attachment(AttachmentKind.SELECTION, "", "words")
    assert with_attachments("", (selection,)) == "Selected text:\n```\nwords\n```"


@pytest.mark.parametrize("inside", ["```", "  ````md", "`````"])
def test_a_fence_in_a_text_does_not_end_it(inside: str) -> None:
    text = f"before\n{inside}\nafter"
    lines = attachment_text(_file("x", text)).split("\n")
    fence = lines[1]
    assert lines[-1] == fence
    assert all(not line.strip().startswith(fence) for line in lines[2:-1])


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ('a"b\nc\x1b.txt', 'File "a\'b c.txt":'),
        ("", "File:"),
        ("\u202egnp.exe", 'File "gnp.exe":'),
        ("x" * 500, f'File "{"x" * 120}":'),
    ],
)
def test_a_name_stays_on_its_line(name: str, head: str) -> None:
    assert attachment_text(_file(name, "t")).split("\n")[0] == head
