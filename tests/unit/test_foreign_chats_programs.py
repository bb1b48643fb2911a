"""Chats of each program that people come from, as they are found in Lapis."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from desktop.domain.carried import CarriedChat, Unread, active_branch, fingerprint
from desktop.domain.chat import Role, ToolCall
from desktop.domain.history import Attachment, AttachmentKind, MessageState, TitleSource
from desktop.services.foreign_chats import read_chats
from tests.harness import foreign_chats as programs
from tests.harness.foreign_chats import ANSWER, CREATED, MODEL, QUESTION, THOUGHT
from tests.unit.store_room import opened

_FILE = Attachment(AttachmentKind.FILE, "berge.txt", "Ätna: 3 400 m")
_RESULT = "```\n3400\n```"


def _chats(path: Path) -> list[CarriedChat]:
    found = list(read_chats(path))
    assert not [each for each in found if isinstance(each, Unread)]
    return [each for each in found if isinstance(each, CarriedChat)]


def _only(path: Path) -> CarriedChat:
    (chat,) = _chats(path)
    return chat


def _json(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_chatgpt_export_keeps_branches_thinking_and_the_work_of_tools(tmp_path: Path) -> None:
    export = programs.write_chatgpt_zip(
        tmp_path / "export.zip",
        [programs.chatgpt_conversation(is_starred=True)],
        files={"file-abc123-berge.txt": _FILE.text.encode()},
    )

    chat = _only(export)

    assert (chat.title, chat.created, chat.updated) == ("Ätna", CREATED, CREATED + 60)
    assert chat.pinned
    assert not chat.archived
    question, other, answer, last = chat.messages
    assert (question.role, question.content, question.parent) == (Role.USER, QUESTION, None)
    assert (other.content, other.parent) == ("Sehr hoch.", question.key)
    assert answer.parent == question.key
    assert answer.content == f"```python\nprint(3400)\n```\n\n{_RESULT}\n\n{ANSWER}"
    assert answer.reasoning == f"**Volcano**\n\n{THOUGHT}"
    assert (answer.model, answer.thinking_seconds) == ("gpt-5-thinking", 8.0)
    assert last.content == "[image]\n\nUnd der hier?"
    assert last.attachments == (_FILE,)
    assert active_branch(chat) == (question, answer, last)


def test_a_chatgpt_export_in_several_files_is_read_whole(tmp_path: Path) -> None:
    export = programs.write_chatgpt_zip(
        tmp_path / "export.zip",
        [_spoken("one")],
        [_spoken("two"), _spoken("three")],
    )

    assert {chat.title for chat in _chats(export)} == {"one", "two", "three"}


def test_a_chatgpt_list_without_its_archive_is_read(tmp_path: Path) -> None:
    path = _json(tmp_path / "conversations.json", [_spoken("one"), _spoken("two")])

    assert [chat.title for chat in _chats(path)] == ["one", "two"]


def test_names_and_sources_that_chatgpt_marks_are_shown_or_left_out(tmp_path: Path) -> None:
    text = (
        'In \ue200entity\ue202["city","Catania","x"]\ue201 stands it'
        "\ue200cite\ue202turn0search1\ue201【12†source】."
    )
    value = _spoken("one", text)

    assert _only(_json(tmp_path / "c.json", [value])).messages[-1].content == (
        "In Catania stands it."
    )


def test_a_document_that_chatgpt_wrote_beside_the_chat_is_kept(tmp_path: Path) -> None:
    work = json.dumps({"name": "Brief", "type": "document", "content": "Sehr geehrte Frau A,"})
    nodes = [
        programs.chatgpt_node("q", None, ["c"], "user", QUESTION),
        programs.chatgpt_node(
            "c", "q", ["t"], "assistant", work, recipient="canmore.create_textdoc"
        ),
        programs.chatgpt_node("t", "c", ["a"], "tool", "Created.", name="canmore.create_textdoc"),
        programs.chatgpt_node("a", "t", [], "assistant", "Fertig."),
    ]
    value = {"title": "x", "mapping": {n["id"]: n for n in nodes}, "current_node": "a"}

    assert _only(_json(tmp_path / "c.json", [value])).messages[-1].content == (
        "Sehr geehrte Frau A,\n\nFertig."
    )


def test_what_chatgpt_does_not_show_is_left_out(tmp_path: Path) -> None:
    about = {"content_type": "user_editable_context", "user_profile": "I am a doctor."}
    hidden = {"is_visually_hidden_from_conversation": True}
    nodes = [
        programs.chatgpt_node("p", None, ["h"], "user", about),
        programs.chatgpt_node("h", "p", ["q"], "user", "Hidden.", metadata=hidden),
        programs.chatgpt_node("q", "h", ["w"], "user", QUESTION),
        programs.chatgpt_node("w", "q", ["r"], "assistant", 'search("x")', recipient="web"),
        programs.chatgpt_node("r", "w", ["a"], "tool", "A page.", name="web"),
        programs.chatgpt_node("a", "r", [], "assistant", ANSWER),
    ]
    value = {"title": "x", "mapping": {n["id"]: n for n in nodes}, "current_node": "a"}

    shown = _only(_json(tmp_path / "c.json", [value])).messages

    assert [each.content for each in shown] == [QUESTION, ANSWER]


def test_an_answer_that_was_spread_and_then_forked_keeps_its_fork(tmp_path: Path) -> None:
    nodes = [
        programs.chatgpt_node("q", None, ["a"], "user", QUESTION),
        programs.chatgpt_node("a", "q", ["b", "c"], "assistant", "First."),
        programs.chatgpt_node("b", "a", [], "assistant", "Then this."),
        programs.chatgpt_node("c", "a", [], "assistant", "Or that."),
    ]
    value = {"title": "x", "mapping": {n["id"]: n for n in nodes}, "current_node": "c"}

    chat = _only(_json(tmp_path / "c.json", [value]))

    assert [each.content for each in active_branch(chat)] == [QUESTION, "First.", "Or that."]
    assert len(chat.messages) == 4


def test_a_chat_without_a_title_is_called_after_its_question(tmp_path: Path) -> None:
    chat = _only(_json(tmp_path / "c.json", [{**_spoken("one"), "title": None}]))

    assert (chat.title, chat.titled_by) == (f"{QUESTION} one", TitleSource.QUESTION)


def test_lm_studio_keeps_its_folders_versions_thinking_and_files(tmp_path: Path) -> None:
    folder = programs.write_lm_studio(tmp_path, "", "Arbeit")

    plain, inside = sorted(_chats(folder), key=lambda chat: chat.folder)

    assert (plain.folder, inside.folder) == ("", "Arbeit")
    assert (plain.title, plain.created, plain.updated) == ("Ätna 0", CREATED, CREATED + 9)
    assert plain.pinned
    assert plain.settings.system_prompt == "Be brief."
    question, other, answer = plain.messages
    assert question.content == f"{QUESTION} (0)\n\n[image]"
    assert question.attachments == (_FILE,)
    assert (other.content, other.parent) == ("Sehr hoch.", question.key)
    assert (answer.content, answer.reasoning, answer.model) == (ANSWER, THOUGHT, MODEL)
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (12, 34)
    assert (answer.usage.decode_tps, answer.usage.ttft_ms) == (41.5, 250.0)
    assert answer.created == CREATED + 0.123
    assert active_branch(plain) == (question, answer)


def test_one_file_of_lm_studio_is_enough(tmp_path: Path) -> None:
    path = _json(tmp_path / "1.conversation.json", programs.lm_studio_conversation())

    assert _only(path).messages[0].content == f"{QUESTION}\n\n[1750000000000 - 1.txt]\n\n[image]"


@pytest.mark.parametrize("stop", ["userStopped", "maxPredictedTokensReached", "failed"])
def test_lm_studio_tells_how_an_answer_ended(stop: str, tmp_path: Path) -> None:
    value = programs.lm_studio_conversation()
    value["messages"][1]["versions"][1]["steps"] = [programs.lm_step(ANSWER, stop=stop)]

    assert (
        _only(_json(tmp_path / "1.conversation.json", value)).messages[-1].state
        == {
            "userStopped": MessageState.STOPPED,
            "maxPredictedTokensReached": MessageState.LENGTH,
            "failed": MessageState.FAILED,
        }[stop]
    )


@pytest.mark.parametrize("state", [False, True])
@pytest.mark.parametrize("version", range(13))
def test_every_version_of_gpt4all_is_read(version: int, state: bool, tmp_path: Path) -> None:
    path = tmp_path / "gpt4all-1.chat"
    path.write_bytes(programs.gpt4all_chat_file(version, state=state))

    chat = _only(path)

    assert (chat.title, chat.created) == ("Ätna", CREATED)
    question, answer = chat.messages
    assert (question.role, question.content) == (Role.USER, QUESTION)
    assert (answer.content, answer.model) == (ANSWER, MODEL)
    assert answer.state is MessageState.STOPPED
    files = (Attachment(AttachmentKind.FILE, "berge.md", "# Berge"),) if version >= 10 else ()
    assert question.attachments == files


def test_what_gpt4all_keeps_below_an_answer_belongs_to_it(tmp_path: Path) -> None:
    below = (
        ("Think: ", THOUGHT),
        ("Text: ", "I compute."),
        ("ToolCall: ", "<tool>"),
        ("ToolResponse: ", "3400"),
    )
    items = (programs.Item("Prompt: ", QUESTION), programs.Item("Response: ", ANSWER, below=below))
    path = tmp_path / "gpt4all-1.chat"
    path.write_bytes(programs.gpt4all_chat_file(items=items))

    answer = _only(path).messages[-1]

    assert answer.content == f"I compute.\n\n{_RESULT}\n\n{ANSWER}"
    assert (answer.reasoning, answer.thinking_seconds) == (THOUGHT, 1.5)
    call = ToolCall("0", "javascript_interpret", '{"code": "console.log(1)"}')
    assert answer.tool_calls == (call,)


def test_jan_keeps_thinking_tools_and_what_a_person_attached(tmp_path: Path) -> None:
    folder = programs.write_jan(tmp_path, "a", "b")

    first, second = _chats(folder)

    assert (first.title, second.title) == ("Ätna a", "Ätna b")
    assert (first.created, first.updated) == (CREATED, CREATED + 60)
    assert first.settings.system_prompt == "Be brief."
    question, answer = first.messages
    assert question.content == f"{QUESTION} (a)\n\n[image]"
    assert question.attachments == (_FILE,)
    assert answer.content == f"{_RESULT}\n\n{ANSWER}"
    assert (answer.reasoning, answer.model) == (THOUGHT, MODEL)
    assert answer.tool_calls == (ToolCall("c1", "search", '{"q": "Ätna"}'),)
    assert (answer.state, answer.created) == (MessageState.STOPPED, CREATED)


@pytest.mark.parametrize("name", ["thread.json", "messages.jsonl"])
def test_either_file_of_a_thread_of_jan_leads_to_it(name: str, tmp_path: Path) -> None:
    assert _only(programs.write_jan(tmp_path) / "t1" / name).title == "Ätna t1"


def test_thinking_in_the_text_is_told_from_the_answer(tmp_path: Path) -> None:
    folder = programs.write_jan(tmp_path) / "t1"
    said = programs.jan_text(f"<think>{THOUGHT}</think>\n\n{ANSWER}")
    lines = [programs.jan_messages()[0], programs.jan_message("assistant", [said])]
    (folder / "messages.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    answer = _only(folder).messages[-1]

    assert (answer.content, answer.reasoning) == (ANSWER, THOUGHT)


def test_open_webui_keeps_answers_side_by_side(tmp_path: Path) -> None:
    path = _json(tmp_path / "chat-export-1.json", [programs.open_webui_chat_value()])

    chat = _only(path)

    assert (chat.title, chat.created, chat.updated) == ("Ätna", CREATED, CREATED + 60)
    assert chat.pinned
    assert chat.archived
    assert chat.settings.system_prompt == "Be brief."
    question, other, answer = chat.messages
    assert question.content == f"{QUESTION}\n\n[image]\n[karte.pdf]"
    assert question.attachments == (_FILE,)
    assert (other.parent, other.model) == (question.key, "m1")
    assert answer.content == f"{_RESULT}\n\n{ANSWER}"
    assert answer.reasoning == f"{THOUGHT}\nA second line."
    assert (answer.model, answer.thinking_seconds) == (MODEL, 3.0)
    assert answer.tool_calls == (ToolCall("c1", "search", '{"q": "x"}'),)
    assert active_branch(chat) == (question, answer)


def test_the_database_of_ollama_is_read(tmp_path: Path) -> None:
    path = programs.write_ollama(tmp_path / "Ollama" / "db.sqlite", "A", "B")

    first, second = _chats(path)

    assert (first.title, second.title) == ("A", "B")
    assert first.created == pytest.approx(CREATED, abs=1)
    question, answer = first.messages
    assert question.content == f"{QUESTION} (A)\n\n[image]"
    assert question.attachments == (_FILE,)
    assert answer.content == f"{_RESULT}\n\n{ANSWER}"
    assert (answer.reasoning, answer.thinking_seconds) == (THOUGHT, 2.5)
    assert answer.tool_calls == (ToolCall("0", "search", '{"q":"x"}'),)


def test_ollama_may_be_running_and_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "Ollama" / "db.sqlite"
    with closing(programs.open_ollama(path)) as connection:
        programs.add_ollama_chat(connection)  # in the journal, not in the file yet
        before = {each.name: each.read_bytes() for each in path.parent.iterdir()}

        chats = _chats(path.parent)

        after = {each.name: each.read_bytes() for each in path.parent.iterdir()}
    assert [chat.title for chat in chats] == ["Ätna"]
    assert before == after


def test_an_older_database_of_ollama_lacks_columns_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT);"
            "CREATE TABLE messages (id INTEGER PRIMARY KEY, chat_id TEXT, role TEXT, content TEXT);"
            "INSERT INTO chats VALUES ('1', 'Ätna');"
            "INSERT INTO messages VALUES (1, '1', 'user', 'Hi'), (2, '1', 'assistant', 'Ho');"
        )

    assert [each.content for each in _only(path).messages] == ["Hi", "Ho"]


def test_what_is_read_is_kept_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source"
    programs.write_lm_studio(source, "Arbeit")
    programs.write_jan(source)
    programs.write_ollama(source / "db.sqlite")
    programs.write_chatgpt_zip(source / "e.zip", [programs.chatgpt_conversation()])
    _json(source / "chat-export-1.json", [programs.open_webui_chat_value()])
    (source / "gpt4all-1.chat").write_bytes(programs.gpt4all_chat_file())
    chats = _chats(source)

    with opened(tmp_path / "chats.db") as store:
        taken = [store.take_in(chat, fingerprint(chat)) for chat in chats]
        kept = [store.carried(chat.id) for chat in taken if chat is not None]
        again = [store.take_in(chat, fingerprint(chat)) for chat in _chats(source)]

    assert len(kept) == len(chats) == 6
    assert [(each.title, each.folder, each.tip) for each in kept] == [
        (each.title, each.folder, each.tip) for each in chats
    ]
    assert [fingerprint(each) for each in kept] == [fingerprint(each) for each in chats]
    for before, after in zip(chats, kept, strict=True):
        assert [each.content for each in after.messages] == [
            each.content for each in before.messages
        ]
        assert [each.attachments for each in after.messages] == [
            each.attachments for each in before.messages
        ]
    assert again == [None] * len(chats)


def _spoken(title: str, answer: str = ANSWER) -> dict[str, object]:
    nodes = [
        programs.chatgpt_node("q", None, ["a"], "user", f"{QUESTION} {title}"),
        programs.chatgpt_node("a", "q", [], "assistant", answer),
    ]
    return {"title": title, "mapping": {n["id"]: n for n in nodes}, "current_node": "a"}
