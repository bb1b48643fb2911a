"""Files of other programs that are damaged, or made to do harm: named, and nothing else is lost."""

import json
import os
import random
import sqlite3
import stat
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from desktop.domain.carried import CarriedChat, CarriedMessage, Unread, fingerprint
from desktop.domain.chat import Role
from desktop.services import (
    chat_json,
    foreign_chats,
    foreign_files,
    foreign_json,
    foreign_trees,
)
from desktop.services.foreign_chats import read_chats
from desktop.services.foreign_trees import Node, tree_of
from desktop.services.foreign_values import measure, seconds
from tests.harness import foreign_chats as programs
from tests.harness.foreign_chats import ANSWER, QUESTION, Json

_YEAR_2100 = 4_102_444_800.0
_MUTATIONS = 300
_MANY = 20_000


def _json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def _found(path: Path) -> tuple[list[CarriedChat], list[Unread]]:
    found = list(read_chats(path))
    chats = [each for each in found if isinstance(each, CarriedChat)]
    return chats, [each for each in found if isinstance(each, Unread)]


def _spoken(title: str) -> Json:
    return _chatgpt(
        programs.chatgpt_node("q", None, ["a"], "user", f"{QUESTION} {title}"),
        programs.chatgpt_node("a", "q", [], "assistant", ANSWER),
        title=title,
    )


def _chatgpt(*nodes: Json, title: str = "x", current: str = "") -> Json:
    return {
        "title": title,
        "mapping": {node["id"]: node for node in nodes},
        "current_node": current or nodes[-1]["id"],
    }


def _assert_sound(chat: CarriedChat) -> None:
    """Fail unless the store could take the chat as it is."""
    known: set[str] = set()
    assert 0 <= chat.created <= _YEAR_2100
    assert 0 <= chat.updated <= _YEAR_2100
    assert chat.title.isprintable() or "\u200d" in chat.title
    for message in chat.messages:
        assert message.key not in known
        assert message.parent is None or message.parent in known
        assert message.role in {Role.USER, Role.ASSISTANT}
        assert 0 <= message.created <= _YEAR_2100
        known.add(message.key)
        texts = (message.content, message.reasoning, message.model, chat.title, chat.folder)
        more = [text for each in message.attachments for text in (each.name, each.text)]
        more += [
            text for call in message.tool_calls for text in (call.id, call.name, call.arguments)
        ]
        for text in (*texts, *more):
            assert "\0" not in text
            text.encode()
    assert chat.tip in known or not chat.messages
    assert fingerprint(chat)


# What is cut off or broken


def test_of_a_list_that_is_cut_off_the_whole_chats_come(tmp_path: Path) -> None:
    text = json.dumps([_spoken("one"), _spoken("two"), _spoken("three")])
    path = tmp_path / "conversations.json"
    path.write_text(text[: len(text) * 5 // 6], encoding="utf-8")

    chats, unread = _found(path)

    assert [chat.title for chat in chats] == ["one", "two"]
    assert [each.name for each in unread] == ["conversations.json"]


def test_one_broken_chat_costs_no_other(tmp_path: Path) -> None:
    text = json.dumps([_spoken("one"), _spoken("two"), _spoken("three")])
    path = tmp_path / "conversations.json"
    path.write_text(text.replace('"title": "two"', '"title": two'), encoding="utf-8")

    chats, unread = _found(path)

    assert [chat.title for chat in chats] == ["one", "three"]
    assert len(unread) == 1


def test_a_broken_line_of_jan_costs_that_message(tmp_path: Path) -> None:
    folder = programs.write_jan(tmp_path) / "t1"
    with (folder / "messages.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"role": "user", "content": [{"type": "te\n')

    chats, unread = _found(folder)

    assert len(chats[0].messages) == 2
    assert str(unread[0].why) == "Messages that could not be read: 1"


def test_a_thread_of_jan_without_its_own_file_is_read(tmp_path: Path) -> None:
    folder = programs.write_jan(tmp_path) / "t1"
    (folder / "thread.json").unlink()

    ((chat,), unread) = _found(folder)

    assert chat.title.startswith(QUESTION)
    assert not unread


def test_of_a_cut_off_file_of_gpt4all_the_first_messages_come(tmp_path: Path) -> None:
    path = tmp_path / "gpt4all-1.chat"
    path.write_bytes(programs.gpt4all_chat_file()[:-30])

    chats, unread = _found(path)

    assert [each.content for each in chats[0].messages] == [QUESTION]
    assert [each.name for each in unread] == ["gpt4all-1.chat"]


def test_a_newer_file_of_gpt4all_is_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "gpt4all-1.chat"
    path.write_bytes(b"\xf5\xd5\x53\xcc\0\0\0\x0d" + programs.gpt4all_chat_file()[8:])

    chats, unread = _found(path)

    assert not chats
    assert str(unread[0].why) == "A newer version of the program wrote it."


def test_a_damaged_archive_gives_what_it_can(tmp_path: Path) -> None:
    path = programs.write_chatgpt_zip(tmp_path / "e.zip", [_spoken("a")], [_spoken("b")])
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)

    chats, unread = _found(path)

    assert [chat.title for chat in chats] == ["b"]
    assert [each.name for each in unread] == ["conversations-000.json"]


def test_in_a_folder_of_all_kinds_everything_is_found_and_each_fault_named(tmp_path: Path) -> None:
    programs.write_lm_studio(tmp_path / "lm")
    programs.write_jan(tmp_path / "jan")
    programs.write_ollama(tmp_path / "Ollama" / "db.sqlite")
    programs.write_chatgpt_zip(tmp_path / "export.zip", [_spoken("chatgpt")])
    _json(tmp_path / "chat-export-1.json", [programs.open_webui_chat_value("webui")])
    (tmp_path / "gpt4all-1.chat").write_bytes(programs.gpt4all_chat_file(title="gpt4all"))
    (tmp_path / "gpt4all-2.chat").write_bytes(b"\xf5\xd5\x53\xcc\0\0\0\x0c")
    (tmp_path / "package.json").write_text('{"name": "not a chat"}')
    (tmp_path / "broken.json").write_text('{"name": ')
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")

    chats, unread = _found(tmp_path)

    titles = {chat.title for chat in chats}
    assert titles == {"Ätna 0", "Ätna t1", "Ätna", "chatgpt", "webui", "gpt4all"}
    assert [each.name for each in unread] == ["gpt4all-2.chat"]


@pytest.mark.parametrize("content", [b"", b"hello", b"{}", b"[1, 2]", b"\0" * 100, b"PK\3\4 no"])
def test_a_file_without_chats_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.bin"
    path.write_bytes(content)

    chats, unread = _found(path)

    assert not chats
    assert [each.name for each in unread] == ["photo.bin"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert [each.name for each in _found(tmp_path / "gone.zip")[1]] == ["gone.zip"]
    assert [each.name for each in _found(tmp_path)[1]] == [tmp_path.name]


@pytest.mark.skipif(os.name == "nt", reason="has no pipes in folders")
def test_a_pipe_is_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "conversations.json")

    assert stat.S_ISFIFO((tmp_path / "conversations.json").stat().st_mode)
    assert _found(tmp_path / "conversations.json")[1]
    assert _found(tmp_path)[1]


# What was made to do harm


def test_an_archive_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("conversations.json", b"[" * 40_000_000)

    chats, unread = _found(path)

    assert not chats
    assert str(unread[0].why) == "It is too large."


def test_an_archive_packed_in_another_way_is_named(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("conversations.json", random.Random(1).randbytes(4000))
    content = bytearray(path.read_bytes())
    content[1000:2000] = bytes(1000)
    path.write_bytes(content)

    chats, unread = _found(path)

    assert not chats
    assert [str(each.why) for each in unread] == ["It is packed in a way that Lapis does not know."]


def test_an_archive_may_unpack_only_so_much_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [[_spoken(str(place))] for place in range(5)]
    path = programs.write_chatgpt_zip(tmp_path / "e.zip", *lists)
    size = len(json.dumps(lists[0]))
    monkeypatch.setattr(foreign_files, "_MOST_UNPACKED", size * 3)

    chats, unread = _found(path)

    assert len(chats) == 3
    assert len(unread) == 2


def test_an_entry_cannot_lead_out_of_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "e.zip"
    value = programs.chatgpt_conversation()
    secret = tmp_path / "secret.txt"
    secret.write_text("private")
    for identifier in ("../secret.txt", str(secret), "secret.txt"):
        value["mapping"]["q2"]["message"]["metadata"]["attachments"][0]["id"] = identifier
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("conversations.json", json.dumps([value]))

        assert not _found(path)[0][0].messages[-1].attachments


def test_a_message_cannot_name_a_file_elsewhere(tmp_path: Path) -> None:
    folder = programs.write_lm_studio(tmp_path)
    (tmp_path / ".lmstudio" / "secret.txt").write_text("private")
    value = programs.lm_studio_conversation()
    for identifier in ("../secret.txt", str(tmp_path / ".lmstudio" / "secret.txt"), "..", "a\0"):
        value["messages"][0]["versions"][0]["content"][1]["fileIdentifier"] = identifier

        assert (
            not _found(_json(folder / "1.conversation.json", value))[0][0].messages[0].attachments
        )


def test_brackets_beyond_any_file_of_chats_end_the_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_json, "_MOST_IN_ALL", 60)
    text = json.dumps([_spoken(str(place)) for place in range(10)])
    path = tmp_path / "conversations.json"
    path.write_text(text)

    chats, unread = _found(path)

    assert 0 < len(chats) < 10
    assert [str(each.why) for each in unread] == ["It is too large."]


def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_files, "MOST_BYTES", 1000)

    path = _json(tmp_path / "conversations.json", [_spoken("x" * 1000)])

    assert [str(each.why) for each in _found(path)[1]] == ["It is too large."]


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"mapping":'])
def test_brackets_without_end_are_no_way_in(opening: str, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text(opening * 300_000)

    chats, unread = _found(path)

    assert not chats
    assert unread


def test_nesting_that_is_closed_again_is_no_way_in_either(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text('[{"mapping": ' + "[" * 100_000 + "]" * 100_000 + "}]")

    assert [str(each.why) for each in _found(path)[1]] == ["It is damaged."]


def test_more_values_than_any_chat_has_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_json, "_MOST_BRACKETS", 2000)
    path = tmp_path / "conversations.json"
    path.write_text("[" + json.dumps(_spoken("one")) + ',{"mapping": [' + "{}," * 2001 + "{}]}]")

    chats, unread = _found(path)

    assert [chat.title for chat in chats] == ["one"]
    assert [str(each.why) for each in unread] == ["It is too large."]


def test_a_text_without_an_end_is_looked_at_once(tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    path.write_text("[" + json.dumps(_spoken("one")) + ',{"a": "' + '\\" {[' * 1_000_000)

    chats, unread = _found(path)

    assert [chat.title for chat in chats] == ["one"]
    assert unread


def test_marks_and_folded_blocks_without_an_end_are_looked_at_once(tmp_path: Path) -> None:
    many = 300_000
    value = programs.open_webui_chat_value()
    value["chat"]["history"]["messages"]["a2"]["content"] = '<details type="reasoning">' * many
    assert _found(_json(tmp_path / "a.json", [value]))[0]
    nodes = (
        programs.chatgpt_node("q", None, ["a"]),
        programs.chatgpt_node("a", "q", [], "assistant", ("\ue200cite\ue202【1†" * many)),
    )
    assert _found(_json(tmp_path / "b.json", [_chatgpt(*nodes)]))[0]


def test_a_circle_in_a_tree_is_cut(tmp_path: Path) -> None:
    nodes = (
        programs.chatgpt_node("a", "c", ["b"], "user", "one"),
        programs.chatgpt_node("b", "a", ["c"], "assistant", "two"),
        programs.chatgpt_node("c", "b", ["a"], "user", "three"),
        programs.chatgpt_node("d", "d", ["d"], "user", "alone"),
    )

    (chat,) = _found(_json(tmp_path / "c.json", [_chatgpt(*nodes, current="c")]))[0]

    _assert_sound(chat)
    assert sorted(each.content for each in chat.messages) == ["alone", "one", "three", "two"]


def test_a_parent_that_is_missing_ends_the_way_up(tmp_path: Path) -> None:
    nodes = (
        programs.chatgpt_node("q", "gone", ["a", "lost"], "user", "one"),
        programs.chatgpt_node("a", "q", [], "assistant", "two"),
    )

    (chat,) = _found(_json(tmp_path / "c.json", [_chatgpt(*nodes)]))[0]

    assert [each.parent for each in chat.messages] == [None, "1"]


def test_a_chain_of_twenty_thousand_messages_is_no_depth() -> None:
    nodes = [
        Node(str(n), str(n - 1) if n else None, _said("x" if n % 2 else "y", n))
        for n in range(_MANY)
    ]

    messages, tip = tree_of(nodes, "")

    assert len(messages) == len(nodes)
    assert tip == messages[-1].key


def test_an_answer_in_twenty_thousand_steps_is_put_together_once() -> None:
    nodes = [Node(str(n), str(n - 1) if n else None, _said("word", 1)) for n in range(_MANY)]

    (message,) = tree_of(nodes, "")[0]

    assert message.content.count("word") == len(nodes)


def test_a_chat_with_too_many_messages_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_trees, "MOST_MESSAGES", 5)
    path = _json(
        tmp_path / "conversations.json", [programs.chatgpt_conversation("long"), _spoken("short")]
    )

    chats, unread = _found(path)

    assert [chat.title for chat in chats] == ["short"]
    assert [each.name for each in unread] == ["long"]


def test_only_so_many_chats_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign_chats, "MOST_CHATS", 2)
    path = _json(tmp_path / "conversations.json", [_spoken(str(place)) for place in range(4)])

    chats, unread = _found(path)

    assert len(chats) == 2
    assert len(unread) == 1


@pytest.mark.parametrize("title", ["-5 °C", "# one", "👨‍👩‍👧 Familie", "水" * 150])
def test_a_title_stays_as_it_was_given(title: str, tmp_path: Path) -> None:
    value = {**_spoken("one"), "title": title}

    assert _found(_json(tmp_path / "a.json", [value]))[0][0].title == title


@pytest.mark.parametrize(
    "odd",
    [-1, 0, 1e300, 10**400, float("nan"), float("inf"), True, None, "", "tomorrow", [], "9" * 99],
)
def test_a_time_that_is_none_is_not_known(odd: object) -> None:
    assert seconds(odd) == 0.0


@pytest.mark.parametrize(
    "told",
    [
        *(1_750_000_000, 1_750_000_000.0, 1_750_000_000_000, 1_750_000_000_000_000),
        *(1_750_000_000_000_000_000, "2025-06-15T15:06:40Z", "2025-06-15 15:06:40"),
        "2025-06-15 17:06:40.000000000+02:00",
    ],
)
def test_a_time_is_told_in_many_ways(told: object) -> None:
    assert seconds(told) == 1_750_000_000.0


def test_texts_that_cannot_be_kept_become_such_that_can(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    value = _chatgpt(
        programs.chatgpt_node("q", None, [], "user", "a\0b\r\nc \ud83c"), title="t\0\n\u202ex"
    )
    path.write_text(json.dumps([value]))

    (chat,) = _found(path)[0]

    _assert_sound(chat)
    assert chat.messages[0].content == "ab\nc \ufffd"
    assert chat.title == "t x"


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -1, True, "1", None, 10**400])
def test_a_number_that_is_none_is_nought(odd: object) -> None:
    assert measure(odd) == 0.0


def test_a_chat_without_a_word_is_none(tmp_path: Path) -> None:
    path = tmp_path / "gpt4all-1.chat"
    path.write_bytes(programs.gpt4all_chat_file(items=()))

    chats, unread = _found(path)

    assert not chats
    assert len(unread) == 1


def test_a_table_that_a_program_computes_is_left(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE VIRTUAL TABLE chats USING fts5 (id, title, created_at);"
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, chat_id, role, content);"
        )

    assert [str(each.why) for each in _found(path)[1]] == [
        "It is no database with chats that Lapis knows."
    ]


def test_a_database_that_computes_without_end_is_left(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE VIEW chats (id, title, created_at) AS WITH RECURSIVE n (x) AS"
            " (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, x, x FROM n;"
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, chat_id, role, content);"
        )

    assert [str(each.why) for each in _found(path)[1]] == [
        "It is no database with chats that Lapis knows."
    ]


def test_the_same_chat_comes_once(tmp_path: Path) -> None:
    later = {"create_time": programs.CREATED, "title": "begun later"}
    values = [_spoken("one"), {**_spoken("one"), "title": "renamed"}, {**_spoken("one"), **later}]
    path = _json(tmp_path / "a.json", values)
    (tmp_path / "b.json").write_bytes(path.read_bytes())

    assert [chat.title for chat in _found(tmp_path)[0]] == ["one", "begun later"]


def test_the_mark_of_a_chat_is_that_of_its_words_alone(tmp_path: Path) -> None:
    first, second = _found(_json(tmp_path / "a.json", [_spoken("one"), _spoken("two")]))[0]

    other = replace(first, title="x", created=1.0, pinned=True)

    assert fingerprint(first) == fingerprint(other) != fingerprint(second)
    shown = replace(first, tip=first.messages[0].key)
    assert fingerprint(shown) != fingerprint(first)


def test_lapis_reads_its_own_chats_by_the_same_door(tmp_path: Path) -> None:
    (chat,) = _found(_json(tmp_path / "a.json", [_spoken("one")]))[0]
    path = tmp_path / "chats.json"
    path.write_bytes(b"".join(chat_json.json_pieces([chat])))

    assert _found(path) == ([chat], [])


def test_reading_can_be_given_up(tmp_path: Path) -> None:
    path = _json(tmp_path / "a.json", [_spoken(str(place)) for place in range(10)])
    asked = iter([False] * 4 + [True] * 10)

    assert len(list(read_chats(path, cancelled=lambda: next(asked)))) < 10


# Anything at all


def _samples(folder: Path) -> dict[str, bytes]:
    programs.write_ollama(folder / "db.sqlite", "A", "B")
    programs.write_chatgpt_zip(
        folder / "e.zip", [programs.chatgpt_conversation()], files={"file-abc123-b.txt": b"text"}
    )
    jan = "".join(f"{json.dumps(line)}\n" for line in programs.jan_messages())
    below = (("Think: ", "hm"), ("ToolCall: ", "f"), ("ToolResponse: ", "1"), ("Text: ", "so"))
    items = (*programs.GPT4ALL_ITEMS, programs.Item("Response: ", ANSWER, below=below))
    lists = {
        "conversations.json": [programs.chatgpt_conversation(), _spoken("b")],
        "1.conversation.json": programs.lm_studio_conversation(),
        "chat-export-1.json": [programs.open_webui_chat_value()],
    }
    return {
        **{name: json.dumps(value).encode() for name, value in lists.items()},
        "messages.jsonl": jan.encode(),
        "gpt4all-1.chat": programs.gpt4all_chat_file(items=items),
        "gpt4all-2.chat": programs.gpt4all_chat_file(8, state=True),
        "e.zip": (folder / "e.zip").read_bytes(),
        "db.sqlite": (folder / "db.sqlite").read_bytes(),
    }


def _damaged(content: bytes, dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(changed) or 1)
        end = min(len(changed), start + dice.randint(1, 40))
        match dice.randrange(5):
            case 0:
                changed[start:end] = dice.randbytes(end - start)
            case 1:
                del changed[start:end]
            case 2:
                changed[start:start] = changed[start:end] * dice.randint(1, 3)
            case 3:
                changed[start : start + 1] = bytes([dice.choice(b'"{}[]\\,:0\xff\x7f\0')])
            case _ if dice.random() < 0.2:
                del changed[start:]
            case _:
                pass
    return bytes(changed)


@pytest.mark.parametrize(
    "name",
    [
        *("conversations.json", "1.conversation.json", "chat-export-1.json", "messages.jsonl"),
        *("gpt4all-1.chat", "gpt4all-2.chat", "e.zip", "db.sqlite"),
    ],
)
def test_damage_of_any_kind_is_survived(name: str, tmp_path: Path) -> None:
    content = _samples(tmp_path)[name]
    path = tmp_path / "in" / name
    path.parent.mkdir()
    dice = random.Random(name)
    read = 0
    for _ in range(_MUTATIONS):
        path.write_bytes(_damaged(content, dice))
        chats, unread = _found(path)
        assert chats or unread
        read += bool(chats)
        for chat in chats:
            _assert_sound(chat)
    assert read > _MUTATIONS // 20


_ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1e308, "", "x", "\ud800", "\0", [], {}, [[]], [{}], [None]),
    *({"type": "text", "text": {}}, {"content_type": []}, {"": {}}, [1, "a"], "user", "assistant"),
)


def _value(name: str) -> Any:
    match name:
        case "chatgpt":
            return programs.chatgpt_conversation()
        case "lm_studio":
            return programs.lm_studio_conversation()
        case "open_webui":
            return programs.open_webui_chat_value()
        case _:
            return programs.jan_messages()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a value: the array or object, and the number or key."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        places = list(one) if isinstance(one, dict) else range(len(one))
        for place in places:
            if isinstance(one[place], dict | list):
                waiting.append(one[place])
            yield one, place


@pytest.mark.parametrize("name", ["chatgpt", "lm_studio", "open_webui", "jan"])
def test_a_value_of_another_kind_in_any_place_is_survived(name: str, tmp_path: Path) -> None:
    dice = random.Random(name)
    for _ in range(_MUTATIONS):
        value = _value(name)
        for one, place in dice.sample(list(_places(value)), dice.randint(1, 5)):
            one[place] = dice.choice(_ODD)
        path = tmp_path / ("messages.jsonl" if name == "jan" else "a.json")
        rows = value if name == "jan" else [[value]]
        path.write_text("\n".join(json.dumps(row) for row in rows))
        for chat in _found(path)[0]:
            _assert_sound(chat)


def test_random_trees_keep_every_word_that_is_shown() -> None:
    dice = random.Random(7)
    for _ in range(_MUTATIONS):
        size = dice.randint(1, 30)
        keys = [str(place) for place in range(size)]
        nodes = [
            Node(
                key,
                dice.choice([*keys, None, "gone"]),
                _said(f"w{key}.", dice.randint(0, 1)) if dice.random() < 0.8 else None,
                dice.sample(keys, dice.randint(0, size)),
            )
            for key in keys
        ]
        messages, tip = tree_of(nodes, dice.choice(keys))
        _assert_sound(CarriedChat("", messages, tip))
        shown = [word for each in messages for word in each.content.split()]
        assert sorted(shown) == sorted(n.message.content for n in nodes if n.message)


def _said(text: str, role: int) -> CarriedMessage:
    return CarriedMessage("", None, Role.ASSISTANT if role % 2 else Role.USER, text)


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    path = _json(tmp_path / "a.json", [_spoken("one"), _spoken("two")])

    assert [type(each) for each in islice(read_chats(path), 1)] == [CarriedChat]
