"""Lapis's own JSON of chats: exact there and back, and as much as possible out of a damaged file."""

import json
from dataclasses import replace
from typing import Any

import pytest

from desktop.domain.carried import CarriedChat, CarriedMessage, ChatsRead
from desktop.domain.chat import Role
from desktop.domain.chat_settings import ChatSettings
from desktop.services.chat_json import (
    ChatFileError,
    is_chat_json,
    json_pieces,
    read_chats,
)
from tests.unit.test_carrying import TREE, line


def written(*chats: CarriedChat) -> bytes:
    return b"".join(json_pieces(chats))


def chats(read: ChatsRead) -> list[CarriedChat]:
    return list(read.chats)


def reasons(read: ChatsRead) -> list[tuple[str, str]]:
    return [(each.name, str(each.why)) for each in read.unread]


def changed(change: dict[str, Any]) -> bytes:
    """Return a file with a chat whose second message is changed."""
    content = json.loads(written(TREE))
    content["chats"][0]["messages"][1] |= change
    return json.dumps(content).encode()


def test_chats_come_back_as_they_were() -> None:
    read = read_chats(written(TREE, line(3), CarriedChat("", ())), "chats.json")

    assert chats(read) == [TREE, line(3), CarriedChat("", ())]
    assert read.unread == ()


def test_it_is_json_that_says_what_it_is() -> None:
    content = json.loads(written(TREE))

    assert (content["format"], content["version"]) == ("lapis-chats", 1)
    assert content["chats"][0]["title"] == TREE.title
    assert content["chats"][0]["messages"][0]["content"] == TREE.messages[0].content


def test_no_path_of_this_computer_goes_out() -> None:
    content = written(replace(TREE, settings=ChatSettings(model="/home/me/models/x.gguf")))

    assert b"/home/me" not in content
    assert chats(read_chats(content, "x"))[0].settings == ChatSettings()


def test_of_a_file_that_was_cut_off_all_whole_chats_are_read() -> None:
    content = written(TREE, line(3), line(5))

    read = read_chats(content[:-200], "half.json")

    assert chats(read) == [TREE, line(3)]
    assert reasons(read) == [
        ("half.json", "The file is damaged; what could be read was read."),
        ("long", "A part of the file is damaged."),
    ]


def test_a_damaged_chat_does_not_cost_the_others() -> None:
    lines = written(TREE, line(3), line(5)).split(b"\n")
    lines[2] = lines[2][:50] + b"\xff\x00{" + lines[2][53:]

    read = read_chats(b"\n".join(lines), "x")

    assert chats(read) == [TREE, line(5)]


def test_what_followed_a_message_that_cannot_be_read_stays() -> None:
    read = read_chats(changed({"content": 7}), "x")

    messages = chats(read)[0].messages
    assert [(each.key, each.parent) for each in messages] == [("1", None), ("3", "1"), ("4", "1")]
    assert reasons(read) == [(TREE.title, "Messages that could not be read: 1")]


@pytest.mark.parametrize(
    "change", [{"state": "of tomorrow"}, {"usage": 3}, {"created": "x"}, {"thinking_seconds": {}}]
)
def test_what_makes_no_sense_beside_a_text_does_not_cost_the_text(change: dict[str, Any]) -> None:
    (chat,) = chats(read_chats(changed(change), "x"))

    (name,) = change
    usual = CarriedMessage("", None, Role.USER, "")
    expected = replace(TREE.messages[1], **{name: getattr(usual, name)})
    assert chat.messages[1] == expected


def test_settings_that_make_no_sense_are_named_and_unread() -> None:
    content = json.loads(written(TREE))
    content["chats"][0]["settings"]["sampling"]["temperature"] = 1e9

    read = read_chats(json.dumps(content).encode(), "x")

    assert chats(read)[0].settings == ChatSettings(persona="poet")
    assert reasons(read) == [(TREE.title, "Its settings make no sense.")]


def test_an_icon_that_is_not_there_is_left_out() -> None:
    content = written(replace(TREE, icon="no-such-icon"), replace(TREE, icon="🦊"))

    assert [chat.icon for chat in chats(read_chats(content, "x"))] == ["", "🦊"]


def test_of_a_newer_file_what_is_known_is_read() -> None:
    content = json.loads(written(TREE))
    content |= {"version": 2, "weather": "fine"}
    content["chats"][0] |= {"colour": "red"}
    content["chats"][0]["messages"][0] |= {"picture": [1]}

    read = read_chats(json.dumps(content).encode(), "x.json")

    assert chats(read) == [TREE]
    assert [name for name, _ in reasons(read)] == ["x.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff\xfe\x00", b'{"format":"lapis-library"}', b"[" * 100_000],
)
def test_a_file_of_another_kind_is_refused(content: bytes) -> None:
    assert not is_chat_json(content)
    with pytest.raises(ChatFileError) as refused:
        read_chats(content, "other.json")
    assert "other.json" in str(refused.value.title)


@pytest.mark.parametrize(
    "chat",
    ["7", "{}", '{"messages":{}}', '{"messages":[1,{},{"key":1}]}', '{"messages":' + "[" * 2000],
)
def test_what_is_no_chat_brings_nothing_down(chat: str) -> None:
    content = f'{{"format":"lapis-chats","version":1,"chats":[\n{chat}\n]}}'

    read = read_chats(content.encode(), "x")

    assert all(not each.messages for each in chats(read))
    assert read.unread


def test_a_ring_of_messages_ends() -> None:
    messages = [
        {"key": "a", "parent": "b", "role": "x", "content": ""},
        {"key": "b", "parent": "a", "role": "x", "content": ""},
        {"key": "c", "parent": "a", "role": "user", "content": "text"},
    ]
    content = {"format": "lapis-chats", "version": 1, "chats": [{"messages": messages}]}

    (chat,) = chats(read_chats(json.dumps(content).encode(), "x"))

    assert chat.messages == (CarriedMessage("c", None, Role.USER, "text"),)


def test_a_long_row_of_lost_messages_is_walked_once() -> None:
    # One by one, each of those that follow would walk it all: 1.6 thousand million steps.
    count = 40_000
    lost = [{"key": f"lost{n}", "parent": f"lost{n + 1}"} for n in range(count)]
    told = {"parent": "lost0", "role": "user", "content": "text"}
    messages = [*lost, *({"key": f"kept{n}", **told} for n in range(count))]
    late = {"key": f"lost{count}", "parent": "kept0"}
    last = {"key": "last", **told}
    content = {
        "format": "lapis-chats",
        "version": 1,
        "chats": [{"messages": [*messages, late, last]}],
    }

    (chat,) = chats(read_chats(json.dumps(content).encode(), "x"))

    assert len(chat.messages) == count + 1
    assert {message.parent for message in chat.messages[:-1]} == {None}
    assert chat.messages[-1].parent == "kept0"


def test_half_a_letter_does_not_keep_the_rest_from_being_written() -> None:
    content = written(replace(TREE, title="a\ud800b"))

    assert chats(read_chats(content, "x"))[0].title == "a?b"
