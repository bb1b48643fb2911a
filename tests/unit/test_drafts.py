"""What is typed and not sent, kept with what goes along."""

import pytest

from desktop.domain.history import Attachment, AttachmentKind
from desktop.services.drafts import draft_of, read_draft


@pytest.mark.parametrize("typed", ["", "one line", "two\nlines"])
@pytest.mark.parametrize(
    "attachments",
    [
        (),
        (Attachment(AttachmentKind.PASTE, "", "long\n" * 9),),
        (
            Attachment(AttachmentKind.FILE, "main.py", "print(1)\n"),
            Attachment(AttachmentKind.SELECTION, "", "选中的文字"),
        ),
    ],
)
def test_a_draft_comes_back_as_it_was(typed: str, attachments: tuple[Attachment, ...]) -> None:
    assert read_draft(draft_of(typed, attachments)) == (typed, attachments)


def test_nothing_typed_and_nothing_along_is_no_draft() -> None:
    assert draft_of("", ()) == ""


def test_a_draft_of_an_older_lapis_has_pastes_without_a_kind() -> None:
    assert read_draft("typed\x1dpasted") == (
        "typed",
        (Attachment(AttachmentKind.PASTE, "", "pasted"),),
    )


def test_control_characters_in_texts_tear_nothing_apart() -> None:
    along = (Attachment(AttachmentKind.FILE, "a\x1fb\x1d.txt", "one\x1dtwo\x1fthree"),)

    assert read_draft(draft_of("ty\x1dped", along)) == (
        "typed",
        (Attachment(AttachmentKind.FILE, "ab.txt", "onetwothree"),),
    )
