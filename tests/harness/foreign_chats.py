"""Files of other programs, written as those programs write them: one small generator for each."""

import json
import sqlite3
import struct
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

QUESTION: Final = "Wie hoch ist der Ätna? 🌋"
ANSWER: Final = "Etwa **3 400** Meter."
THOUGHT: Final = "The person asks about a volcano."
MODEL: Final = "qwen3-8b"
CREATED: Final = 1_750_000_000.0

Json = dict[str, Any]


# ChatGPT ---------------------------------------------------------------------------------------


def chatgpt_node(
    key: str,
    parent: str | None,
    children: Sequence[str] = (),
    role: str = "user",
    content: Json | str = "",
    **more: Any,
) -> Json:
    """Return a node of `mapping`; a text becomes the content that most messages have."""
    if isinstance(content, str):
        content = {"content_type": "text", "parts": [content]}
    metadata = more.pop("metadata", {})
    if role == "assistant":
        metadata = {"model_slug": "gpt-5-thinking", **metadata}
    message = {
        "id": key,
        "author": {"role": role, "name": more.pop("name", None), "metadata": {}},
        "create_time": CREATED,
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": metadata,
        "recipient": more.pop("recipient", "all"),
        "channel": more.pop("channel", None),
    }
    return {"id": key, "message": message, "parent": parent, "children": list(children)}


def chatgpt_conversation(title: str = "Ätna", **more: Any) -> Json:
    """Return a conversation with a hidden system node, thinking, a tool, and two answers."""
    nodes = [
        {"id": "root", "message": None, "parent": None, "children": ["sys"]},
        chatgpt_node(
            "sys",
            "root",
            ["q"],
            "system",
            metadata={"is_visually_hidden_from_conversation": True},
        ),
        chatgpt_node("q", "sys", ["old", "think"], "user", QUESTION),
        chatgpt_node("old", "q", [], "assistant", "Sehr hoch."),
        chatgpt_node(
            "think",
            "q",
            ["recap"],
            "assistant",
            {
                "content_type": "thoughts",
                "thoughts": [{"summary": "Volcano", "content": THOUGHT}],
                "source_analysis_msg_id": "x",
            },
        ),
        chatgpt_node(
            "recap",
            "think",
            ["code"],
            "assistant",
            {"content_type": "reasoning_recap", "content": "Thought for 8s"},
            metadata={"finished_duration_sec": 8, "reasoning_status": "reasoning_ended"},
        ),
        chatgpt_node(
            "code",
            "recap",
            ["run"],
            "assistant",
            {"content_type": "code", "language": "unknown", "text": "print(3400)"},
            recipient="python",
        ),
        chatgpt_node(
            "run",
            "code",
            ["a"],
            "tool",
            {"content_type": "execution_output", "text": "3400\n"},
            name="python",
        ),
        chatgpt_node("a", "run", ["q2"], "assistant", ANSWER),
        chatgpt_node(
            "q2",
            "a",
            [],
            "user",
            {
                "content_type": "multimodal_text",
                "parts": [
                    {"content_type": "image_asset_pointer", "asset_pointer": "file-service://f"},
                    "Und der hier?",
                ],
            },
            metadata={
                "attachments": [
                    {"id": "file-abc123", "name": "berge.txt", "mime_type": "text/plain"}
                ]
            },
        ),
    ]
    return {
        "title": title,
        "create_time": CREATED,
        "update_time": CREATED + 60,
        "mapping": {node["id"]: node for node in nodes},
        "current_node": "q2",
        "conversation_id": title,
        "is_archived": False,
        "is_starred": None,
        **more,
    }


def write_chatgpt_zip(
    path: Path, *lists: Sequence[Json], files: Mapping[str, bytes] | None = None
) -> Path:
    """Write an export: one `conversations.json`, or numbered ones for more than one list."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for place, conversations in enumerate(lists):
            name = f"conversations-{place:03}.json" if len(lists) > 1 else "conversations.json"
            packed.writestr(name, json.dumps(conversations))
        packed.writestr("user.json", json.dumps({"id": "user-1", "email": "a@b.example"}))
        packed.writestr("message_feedback.json", "[]")
        packed.writestr("chat.html", "<html></html>")
        for name, content in (files or {}).items():
            packed.writestr(name, content)
    return path


# LM Studio -------------------------------------------------------------------------------------


def lm_text(text: str) -> Json:
    """Return a part with text."""
    return {
        "type": "text",
        "text": text,
        "fromDraftModel": False,
        "tokensCount": 3,
        "isStructural": False,
    }


def lm_step(text: str, *, thinking: bool = False, stop: str = "eosFound") -> Json:
    """Return a block of an answer."""
    step: Json = {
        "type": "contentBlock",
        "stepIdentifier": "1750000000123-0.4711",
        "content": [lm_text(text)],
        "defaultShouldIncludeInContext": not thinking,
        "shouldIncludeInContext": not thinking,
        "genInfo": {
            "indexedModelIdentifier": f"lmstudio-community/{MODEL}-GGUF",
            "identifier": MODEL,
            "loadModelConfig": {"fields": []},
            "predictionConfig": {"fields": []},
            "stats": {
                "stopReason": stop,
                "tokensPerSecond": 41.5,
                "timeToFirstTokenSec": 0.25,
                "totalTimeSec": 2.5,
                "promptTokensCount": 12,
                "predictedTokensCount": 34,
                "totalTokensCount": 46,
            },
        },
    }
    if thinking:
        step["style"] = {"type": "thinking", "ended": True, "title": "Thought for 1.2 seconds"}
    return step


def lm_studio_conversation(name: str = "Ätna") -> Json:
    """Return a conversation with two answers, the second of which is shown."""
    debug = {"type": "debugInfoBlock", "stepIdentifier": "1-0", "debugInfo": "Naming technique"}
    answers = [
        {
            "type": "multiStep",
            "role": "assistant",
            "senderInfo": {"senderName": MODEL},
            "steps": steps,
        }
        for steps in (
            [lm_step("Sehr hoch.")],
            [lm_step(f"<think>\n{THOUGHT}\n</think>", thinking=True), lm_step(ANSWER), debug],
        )
    ]
    question = {
        "type": "singleStep",
        "role": "user",
        "content": [
            lm_text(QUESTION),
            {
                "type": "file",
                "fileIdentifier": "1750000000000 - 1.txt",
                "fileType": "text/plain",
                "sizeBytes": 9,
            },
            {
                "type": "file",
                "fileIdentifier": "1750000000000 - 2.png",
                "fileType": "image",
                "sizeBytes": 9,
            },
        ],
    }
    return {
        "name": name,
        "pinned": True,
        "createdAt": int(CREATED * 1000),
        "preset": "",
        "tokenCount": 46,
        "userLastMessagedAt": int(CREATED * 1000) + 5000,
        "assistantLastMessagedAt": int(CREATED * 1000) + 9000,
        "systemPrompt": "",
        "messages": [
            {"versions": [question], "currentlySelected": 0},
            {"versions": answers, "currentlySelected": 1},
        ],
        "usePerChatPredictionConfig": True,
        "perChatPredictionConfig": {
            "fields": [{"key": "llm.prediction.systemPrompt", "value": "Be brief."}]
        },
        "clientInput": "",
        "clientInputFiles": [],
        "userFilesSizeBytes": 0,
        "lastUsedModel": {"identifier": MODEL, "indexedModelIdentifier": MODEL},
        "notes": [],
        "plugins": [],
    }


def write_lm_studio(home: Path, *folders: str) -> Path:
    """Write one conversation into each folder below `conversations`; return that folder."""
    root = home / ".lmstudio" / "conversations"
    for place, folder in enumerate(folders or ("",)):
        target = root / folder / f"175000000000{place}.conversation.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        content = lm_studio_conversation(f"Ätna {place}")
        content["messages"][0]["versions"][0]["content"][0]["text"] += f" ({place})"
        target.write_text(json.dumps(content), encoding="utf-8")
    files = home / ".lmstudio" / "user-files"
    files.mkdir(exist_ok=True)
    (files / "1750000000000 - 1.txt").write_text("Ätna: 3 400 m", encoding="utf-8")
    about = {"type": "text/plain", "sizeBytes": 14, "originalName": "berge.txt"}
    (files / "1750000000000 - 1.txt.metadata.json").write_text(json.dumps(about), encoding="utf-8")
    (root / ".." / "settings.json").write_text("{}", encoding="utf-8")
    return root


# GPT4All ---------------------------------------------------------------------------------------


class QtWriter:
    """Writes what `QDataStream` writes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.content = b""

    def number(self, form: str, value: float) -> None:
        """Write a number in a form of `struct`."""
        self.content += struct.pack(f">{form}", value)

    def flags(self, *values: bool) -> None:
        """Write some `bool`."""
        self.content += bytes(values)

    def blob(self, value: bytes) -> None:
        """Write a `QByteArray`."""
        self.number("I", len(value))
        self.content += value

    def string(self, *values: str | None) -> None:
        """Write some `QString`."""
        for value in values:
            if value is None:
                self.number("I", 0xFFFFFFFF)
            else:
                self.blob(value.encode("utf-16-be"))


@dataclass(frozen=True)
class Item:
    """A message of GPT4All; `below` as (kind, text)."""

    name: str
    value: str
    stopped: bool = False
    attachments: tuple[tuple[str, bytes], ...] = ()
    below: tuple[tuple[str, str], ...] = ()


GPT4ALL_ITEMS: Final = (
    Item("Prompt: ", QUESTION, attachments=(("file:///home/a/berge.md", b"# Berge"),)),
    Item("Response: ", ANSWER, stopped=True),
)


def gpt4all_chat_file(
    version: int = 12,
    items: Sequence[Item] = GPT4ALL_ITEMS,
    *,
    title: str = "Ätna",
    state: bool = False,
) -> bytes:
    """Return a `.chat` file of a version; 0 is one without a number in the beginning.

    `state` adds what the model had computed, in versions that kept it.
    """
    out = QtWriter()
    if version:
        out.number("I", 0xF5D553CC)
        out.number("i", version)
    out.number("q", int(CREATED))
    out.string("id-1", title, None, MODEL)
    if version >= 3:
        out.number("I", 1)
        out.string("My documents")
    if version < 11:
        _gpt4all_state(out, version, state=state or version < 6)
    out.number("i", len(items))
    for item in items:
        _gpt4all_item(out, version, item)
    return out.content


def _gpt4all_state(out: QtWriter, version: int, *, state: bool) -> None:
    if version >= 6:
        out.flags(state)
    if version >= 2:
        out.number("i", 1)
        out.number("i", 0)
    out.string(ANSWER, "Ätna")
    out.number("I", 46)
    if not state:
        return
    if version < 4:
        out.number("i", 0)
    out.number("i", 46)
    if version >= 7:
        out.number("I", 2048)
    if version < 9:
        out.number("Q", 3)
        out.content += b"\1" * 12
    out.number("Q", 2)
    out.content += b"\2" * 8
    out.blob(b"\3" * 100)


def _gpt4all_item(out: QtWriter, version: int, item: Item) -> None:
    if version < 12:
        out.number("i", 7)
    out.string(item.name, item.value)
    if version < 10:
        out.string("")
    out.string("")
    out.flags(False, item.stopped, False, False)
    if version >= 11 and item.name == "Response: ":
        out.flags(False)
    if version >= 8:
        out.number("q", 1)
        out.string("My documents", "/a/b.pdf", "b.pdf", "T", "A", "2024", "Excerpt")
        for number in (3, -1, -1):
            out.number("i", number)
    elif version >= 3:
        out.string("1. In b.pdf. [Context](context://1)")
        out.number("I", 1)
        out.string("Excerpt")
    if version >= 10:
        out.number("q", len(item.attachments))
        for address, content in item.attachments:
            out.blob(address.encode())
            out.blob(content)
    if version >= 12:
        _gpt4all_below(out, item.below)


def _gpt4all_below(out: QtWriter, below: Sequence[tuple[str, str]]) -> None:
    out.number("q", len(below))
    for kind, text in below:
        out.string(kind, text)
        if kind == "Think: ":
            out.number("i", 1500)
        if kind == "ToolCall: ":
            out.string("javascript_interpret")
            out.number("q", 1)
            out.string("code")
            out.number("i", 0)
            out.number("I", 10)
            out.flags(False)
            out.string("console.log(1)")
            out.string("1")
            out.number("i", 0)
            out.string(None)
        out.number("q", 0)


# Jan -------------------------------------------------------------------------------------------


def jan_message(role: str, content: list[Json], **more: Any) -> Json:
    """Return a line of `messages.jsonl`."""
    return {
        "id": "01J",
        "object": "thread.message",
        "thread_id": "t",
        "role": role,
        "content": content,
        "status": "ready",
        "created_at": int(CREATED * 1000),
        "completed_at": int(CREATED * 1000),
        "metadata": {},
        **more,
    }


def jan_text(text: str, kind: str = "text") -> Json:
    """Return a part with text."""
    return {"type": kind, "text": {"value": text, "annotations": []}}


def jan_messages() -> list[Json]:
    """Return a question and an answer with thinking and a tool."""
    files = {"inline_file_contents": [{"name": "berge.txt", "content": "Ätna: 3 400 m"}]}
    tool = {
        "type": "tool_call",
        "tool_call_id": "c1",
        "tool_name": "search",
        "input": {"q": "Ätna"},
        "output": {"content": [{"type": "text", "text": "3400"}]},
    }
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    return [
        jan_message("user", [jan_text(QUESTION), picture], metadata=files),
        jan_message(
            "assistant",
            [jan_text(THOUGHT, "reasoning"), tool, jan_text(ANSWER)],
            status="stopped",
        ),
    ]


def write_jan(data: Path, *threads: str) -> Path:
    """Write threads below `threads`; return that folder."""
    root = data / "threads"
    for name in threads or ("t1",):
        folder = root / name
        folder.mkdir(parents=True)
        thread = {
            "id": name,
            "object": "thread",
            "title": f"Ätna {name}",
            "assistants": [
                {"id": "jan", "name": "Jan", "model": {"id": MODEL}, "instructions": "Be brief."}
            ],
            "created": CREATED,
            "updated": CREATED + 60,
            "metadata": {},
        }
        (folder / "thread.json").write_text(json.dumps(thread), encoding="utf-8")
        lines = jan_messages()
        lines[0]["content"][0]["text"]["value"] += f" ({name})"
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "messages.jsonl").write_text(text, encoding="utf-8")
    return root


# Open WebUI ------------------------------------------------------------------------------------


def open_webui_message(key: str, parent: str | None, children: list[str], **more: Any) -> Json:
    """Return a message of `history`."""
    return {
        "id": key,
        "parentId": parent,
        "childrenIds": children,
        "timestamp": int(CREATED),
        **more,
    }


def open_webui_chat_value(title: str = "Ätna") -> Json:
    """Return a chat in which two models answered side by side, the second one shown."""
    details = (
        '<details type="reasoning" done="true" duration="3">\n'
        "<summary>Thought for 3 seconds</summary>\n"
        f"&gt; {THOUGHT}\n&gt; A second line.\n</details>\n"
        '<details type="tool_calls" done="true" id="c1" name="search" '
        'arguments="{&quot;q&quot;: &quot;x&quot;}" result="&quot;3400&quot;">\n'
        "<summary>Tool Executed</summary>\n</details>\n"
    )
    files = [
        {"type": "image", "url": "data:image/png;base64,AAAA"},
        {
            "type": "file",
            "name": "berge.txt",
            "file": {"filename": "berge.txt", "data": {"content": "Ätna: 3 400 m"}},
        },
        {"type": "file", "name": "karte.pdf", "file": {"filename": "karte.pdf", "data": {}}},
    ]
    nodes = [
        open_webui_message("q", None, ["a1", "a2"], role="user", content=QUESTION, files=files),
        open_webui_message(
            "a1", "q", [], role="assistant", content="Sehr hoch.", model="m1", done=True
        ),
        open_webui_message(
            "a2",
            "q",
            [],
            role="assistant",
            content=details + ANSWER,
            model="qwen3:8b",
            modelName=MODEL,
            modelIdx=1,
            done=True,
            usage={"prompt_tokens": 12, "completion_tokens": 34, "response_token/s": 41.5},
        ),
    ]
    return {
        "id": title,
        "user_id": "u",
        "title": title,
        "chat": {
            "title": title,
            "models": ["m1", "qwen3:8b"],
            "params": {"system": "Be brief."},
            "history": {"messages": {node["id"]: node for node in nodes}, "currentId": "a2"},
            "messages": [],
            "tags": [],
            "timestamp": int(CREATED * 1000),
        },
        "updated_at": int(CREATED) + 60,
        "created_at": int(CREATED),
        "share_id": None,
        "archived": True,
        "pinned": True,
        "meta": {},
        "folder_id": None,
    }


# Ollama ----------------------------------------------------------------------------------------

_OLLAMA: Final = """
CREATE TABLE settings (id INTEGER PRIMARY KEY, schema_version INTEGER NOT NULL DEFAULT 18);
CREATE TABLE chats (id TEXT PRIMARY KEY, title TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, browser_state TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, chat_id TEXT NOT NULL,
    role TEXT NOT NULL, content TEXT NOT NULL DEFAULT '', thinking TEXT NOT NULL DEFAULT '',
    stream BOOLEAN NOT NULL DEFAULT 0, model_name TEXT, model_cloud BOOLEAN,
    model_ollama_host BOOLEAN, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, thinking_time_start TIMESTAMP,
    thinking_time_end TIMESTAMP, tool_result TEXT,
    FOREIGN KEY (chat_id) REFERENCES chats(id) ON DELETE CASCADE);
CREATE TABLE tool_calls (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id INTEGER NOT NULL,
    type TEXT NOT NULL, function_name TEXT NOT NULL, function_arguments TEXT NOT NULL,
    function_result TEXT);
CREATE TABLE attachments (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id INTEGER NOT NULL,
    filename TEXT NOT NULL, data BLOB NOT NULL);
"""


def open_ollama(path: Path) -> sqlite3.Connection:
    """Create an empty database as the app does, journal and all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(_OLLAMA)
    return connection


def add_ollama_chat(connection: sqlite3.Connection, title: str = "Ätna") -> None:
    """Add a chat with a file, thinking and a tool."""
    moment = "2025-06-15 17:06:40.123456789+02:00"
    connection.execute("INSERT INTO chats VALUES (?, ?, ?, NULL)", (title, title, moment))
    rows = [
        ("user", f"{QUESTION} ({title})", "", None, None, None, None),
        (
            *("assistant", "", THOUGHT, MODEL),
            *("2025-06-15 17:06:41+02:00", "2025-06-15 17:06:43.5+02:00", None),
        ),
        ("tool", "", "", None, None, None, json.dumps("3400")),
        ("assistant", ANSWER, "", MODEL, None, None, None),
    ]
    numbers = [
        connection.execute(
            "INSERT INTO messages (chat_id, role, content, thinking, model_name, created_at,"
            " updated_at, thinking_time_start, thinking_time_end, tool_result)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (title, *row[:4], moment, moment, *row[4:]),
        ).lastrowid
        for row in rows
    ]
    connection.execute(
        "INSERT INTO tool_calls (message_id, type, function_name, function_arguments)"
        " VALUES (?, 'function', 'search', '{\"q\":\"x\"}')",
        (numbers[1],),
    )
    for name, data in (
        ("berge.txt", "Ätna: 3 400 m".encode()),
        ("bild.png", b"\x89PNG\r\n\x1a\n\0\0"),
    ):
        connection.execute(
            "INSERT INTO attachments (message_id, filename, data) VALUES (?, ?, ?)",
            (numbers[0], name, data),
        )


def write_ollama(path: Path, *titles: str) -> Path:
    """Write a database with some chats, and close it."""
    with closing(open_ollama(path)) as connection:
        for title in titles or ("Ätna",):
            add_ollama_chat(connection, title)
    return path
