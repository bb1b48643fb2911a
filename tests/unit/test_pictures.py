"""Pictures in chats below the window: kept as text, never read as text, shown to who sees."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import ChatRequest, Message, Picture, Role
from desktop.domain.errors import NotSupported
from desktop.domain.history import Attachment, AttachmentKind, MessageState, StoredMessage
from desktop.domain.settings import Settings
from desktop.services.attachment_text import with_attachments
from desktop.services.chat_json import json_pieces, read_chats
from desktop.services.chat_markdown import markdown_of
from desktop.services.chat_telling import Teller
from desktop.services.context import ContextParts, Draft, Opening
from desktop.services.context_estimate import OF_PICTURE
from desktop.services.conversation import Conversations, request_of
from desktop.services.drafts import draft_of, read_draft
from desktop.services.notes import needs_other_model, note_of
from desktop.services.pictures import (
    MOST_FILE_BYTES,
    address_of,
    beginning_of,
    for_blind,
    picture_in,
    picture_of,
    pictures_of,
    read_picture_file,
)
from desktop.services.text_files import NotReadable
from tests.harness.pictures import picture, png
from tests.unit.store_room import opened

_PNG = png()
_SHOWN = picture("cat.png")
_PAYLOAD = base64.b64encode(_PNG).decode()
_JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 40
_WEBP = b"RIFF\x20\0\0\0WEBPVP8 " + b"\0" * 40
_GIF = b"GIF89a" + b"\0" * 40
_BMP = b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0" + b"\0" * 40


def _address(media: str, data: bytes) -> str:
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    ("media", "data"),
    [("image/png", _PNG), ("image/jpeg", _JPEG), ("image/webp", _WEBP), ("image/gif", _GIF)],
)
def test_an_address_is_a_picture_again(media: str, data: bytes) -> None:
    shown = Picture(media, data)

    assert picture_in(address_of(shown)) == shown


@pytest.mark.parametrize(
    "address",
    [
        "",
        "data:",
        "data:image/png;base64,",
        "https://evil.test/x.png",
        "file:///etc/passwd",
        f"data:image/svg+xml;base64,{base64.b64encode(b'<svg/>').decode()}",
        f"data:text/html;base64,{_PAYLOAD}",
        f"data:image/bmp;base64,{base64.b64encode(_BMP).decode()}",
        f"data:image/jpeg;base64,{_PAYLOAD}",
        f"data:image/png,{_PAYLOAD}",
        f"data:image/png;charset=x;base64,{_PAYLOAD}",
        f"DATA:image/png;base64,{_PAYLOAD}",
        f" data:image/png;base64,{_PAYLOAD}",
        f"data:image/png;base64,{_PAYLOAD}\n",
        f'data:image/png;base64,{_PAYLOAD}"><script>alert(1)</script>',
        f"data:image/png;base64,{_PAYLOAD[:20]}\n{_PAYLOAD[20:]}",
        f"data:image/png;base64,{_PAYLOAD[:-1]}",
        f"data:image/png;base64,{_PAYLOAD}====",
        f"data:image/png;base64,{base64.b64encode(b'no picture').decode()}",
        _address("image/png", _PNG + b"\0" * 4_000_000),
        "data:image/png;base64," + "A" * 50_000_000,
    ],
)
def test_nothing_else_is_a_picture(address: str) -> None:
    hostile = Attachment(AttachmentKind.PICTURE, "x.png", address)

    assert picture_in(address) is None
    assert pictures_of((hostile, _SHOWN)) == (Picture("image/png", _PNG),)
    assert with_attachments("What is it?", (hostile,)) == "What is it?"


def test_a_text_that_looks_like_a_picture_stays_a_text() -> None:
    text = Attachment(AttachmentKind.FILE, "notes.txt", _SHOWN.text)

    assert picture_of(text) is None
    assert beginning_of(text) == b""
    assert _SHOWN.text in with_attachments("", (text,))


def test_the_size_of_a_picture_can_be_read_from_how_it_begins() -> None:
    assert _PNG.startswith(beginning_of(_SHOWN)[:30])
    assert beginning_of(Attachment(AttachmentKind.PICTURE, "", "data:image/png;base64,A")) == b""


@pytest.mark.parametrize("data", [_PNG, _JPEG, _WEBP, _GIF, _BMP])
def test_a_file_is_a_picture_by_its_bytes_whatever_its_name_says(
    tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(data)

    assert read_picture_file(file) == data


def _folder(path: Path) -> None:
    path.mkdir()


def _nothing(_path: Path) -> None:
    pass


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("\ufeffnotes", encoding="utf-8"),
        lambda path: path.write_text("BMW is a car, 1999.", encoding="utf-8"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        _folder,
        _pipe,
        _nothing,
    ],
    ids=["text", "a word like BMP", "empty", "SVG", "folder", "pipe", "nothing"],
)
def test_what_is_no_picture_is_left_to_those_who_read_texts(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "picture.png"
    make(path)

    assert read_picture_file(path) is None


def test_a_picture_that_is_too_large_is_told_with_its_size(tmp_path: Path) -> None:
    file = tmp_path / "large.png"
    file.write_bytes(_PNG)
    with file.open("r+b") as stream:
        stream.truncate(MOST_FILE_BYTES + 1_000_000)

    with pytest.raises(NotReadable) as caught:
        read_picture_file(file)

    assert "large.png" in str(caught.value.title)
    assert str(caught.value.hint) == "It has 21 MB; pictures of up to 20 MB can be looked at."


def test_a_model_is_given_the_picture_and_no_letter_of_its_data(tmp_path: Path) -> None:
    with opened(tmp_path / "lapis.db") as store:
        chat = store.create().id
        begun = Conversations(store).begin(chat, "What is it?", "m", (_SHOWN,))
        request = Conversations(store).request(begun, Settings())
        kept = store.messages(chat)[0]

    assert kept.attachments == (_SHOWN,)
    assert request.messages[-1].content == "What is it?"
    assert request.messages[-1].pictures == (Picture("image/png", _PNG),)
    assert _PAYLOAD not in repr(request)


def test_a_chat_of_a_picture_alone_is_named_after_its_file(tmp_path: Path) -> None:
    with opened(tmp_path / "lapis.db") as store:
        named, nameless = store.create().id, store.create().id
        Conversations(store).begin(named, "", "m", (_SHOWN,))
        Conversations(store).begin(nameless, "", "m", (picture(),))

        assert store.chat(named).title == "cat.png"
        assert store.chat(nameless).title == ""


def test_words_beside_a_large_picture_are_found_at_once_and_its_data_never(
    tmp_path: Path,
) -> None:
    noise = base64.b64encode(b"\x89PNG\r\n\x1a\n" + os.urandom(300_000)).decode()
    large = Attachment(AttachmentKind.PICTURE, "holiday.png", f"data:image/png;base64,{noise}")
    with opened(tmp_path / "lapis.db") as store:
        chat = store.create().id
        store.add(chat, None, Role.USER, "Which mountain is that?", attachments=[large])

        assert [hit.snippet for hit in store.search("mountain")] == ["Which mountain is that?"]
        (by_name,) = store.search("holiday")
        assert "holiday.png" in by_name.snippet
        assert "base64" not in by_name.snippet
        for words in ("base64", "iVBORw0KGgo", noise[1000:1020]):
            assert store.search(words) == []


def test_a_draft_keeps_its_pictures() -> None:
    kept = draft_of("Why?", (_SHOWN, picture(red=1)))

    assert read_draft(kept) == ("Why?", (_SHOWN, picture(red=1)))


def _message(number: int, role: Role, text: str, *along: Attachment) -> StoredMessage:
    return StoredMessage(
        id=number,
        chat=1,
        parent=number - 1 or None,
        role=role,
        content=text,
        reasoning="",
        state=MessageState.COMPLETE,
        model="m",
        usage=None,
        note="",
        created=0.0,
        attachments=along,
    )


def test_a_picture_is_reckoned_with_as_a_thousand_tokens() -> None:
    parts = ContextParts()
    seen = Message(Role.USER, "And this?", pictures=pictures_of((_SHOWN, _SHOWN)))
    parts.take(Opening("", (seen,)), Draft("", (_SHOWN,)))

    count = parts.estimate(8192)

    assert OF_PICTURE <= count.attachments < OF_PICTURE + 10
    assert 2 * OF_PICTURE <= count.history < 2 * OF_PICTURE + 20


def test_what_is_counted_by_a_model_of_this_computer_has_no_pictures() -> None:
    parts = ContextParts()
    seen = Message(Role.USER, "And this?", pictures=pictures_of((_SHOWN,)))
    parts.take(Opening("", (seen,)), Draft("Why?", (_SHOWN,)))

    asked = parts.missing(settled=True).values()

    assert not any(message.pictures for request in asked for message in request.messages)


def _asked(*along: Attachment) -> ChatRequest:
    return request_of([_message(1, Role.USER, "What is it?", *along)], Settings())


def test_a_question_with_a_picture_is_refused_for_a_model_that_does_not_see() -> None:
    with pytest.raises(NotSupported) as caught:
        for_blind(_asked(_SHOWN))

    assert str(caught.value.title) == "This model cannot see pictures"
    assert needs_other_model(note_of(caught.value)), "another one is offered, not another try"


def test_of_earlier_pictures_a_model_that_does_not_see_is_told() -> None:
    branch = [
        _message(1, Role.USER, "What is it?", _SHOWN),
        _message(2, Role.ASSISTANT, "A cat."),
        _message(3, Role.USER, "How old do they get?"),
    ]

    told = for_blind(request_of(branch, Settings())).messages

    assert not any(message.pictures for message in told)
    assert told[0].content == ("[A picture is attached here. You cannot see it.]\n\nWhat is it?")
    assert [message.content for message in told[1:]] == ["A cat.", "How old do they get?"]


def _carried(*along: Attachment) -> CarriedChat:
    message = CarriedMessage("1", None, Role.USER, "What is it?", attachments=along)
    return CarriedChat("T", (message,), "1")


def test_json_carries_pictures_and_takes_none_that_are_none() -> None:
    false = [
        Attachment(AttachmentKind.PICTURE, "evil.png", "https://evil.test/x.png"),
        Attachment(AttachmentKind.PICTURE, "evil.svg", "data:image/svg+xml;base64,PHN2Zy8+"),
    ]
    written = b"".join(json_pieces([_carried(false[0], _SHOWN, false[1])]))
    assert _PAYLOAD.encode() in written

    (read,) = read_chats(written, "chats.json").chats

    assert read == _carried(_SHOWN)


def test_a_false_picture_is_left_out_where_something_else_is_wrong_too() -> None:
    content = json.loads(b"".join(json_pieces([_carried(_SHOWN)])))
    (message,) = content["chats"][0]["messages"]
    message["attachments"].append({"kind": "picture", "name": "x", "text": "file:///etc/passwd"})
    message["edited"] = "perhaps"

    (read,) = read_chats(json.dumps(content).encode(), "chats.json").chats

    assert read.messages[0].attachments == (_SHOWN,)


def test_markdown_names_a_picture_and_has_none_of_its_data() -> None:
    text = markdown_of(_carried(picture("my_cat.png"), picture()), Teller())

    assert "*Picture: my\\_cat.png*\n\n*Picture*\n\nWhat is it?" in text
    assert "base64" not in text
