"""Words are found in titles and messages, in any script, whatever a person types to find them."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.domain.chat import Role
from desktop.domain.history import Attachment, AttachmentKind, Hit, MessageState
from desktop.store.chats import PURGE_SECONDS, ChatStore
from desktop.store.snippets import snippet
from desktop.store.words import folded, query
from tests.unit.store_room import Clock, opened, raw, talk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    with opened(path) as store:
        yield store


def marked(hit: Hit) -> list[str]:
    return [hit.snippet[start:end] for start, end in hit.marks]


def finds(store: ChatStore, words: str) -> list[str]:
    """Return the snippets of the hits."""
    return [hit.snippet for hit in store.search(words)]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("When do the maples turn?", "maples", ["maples"]),
        ("When do the maples turn?", "MAPLES turn", ["maples", "turn"]),
        ("When do the maples turn?", "turn when", ["When", "turn"]),
        ("When do the maples turn?", "map", ["map"]),
        ("When do the maples turn?", '"the maples"', ["the maples"]),
        ("the, maples", '"the maples"', ["the, maples"]),
        ("store_chats.py and camelCase", "chats", ["chats"]),
        ("store_chats.py", "store_chats.py", ["store_chats.py"]),
        ("C++ and D", "c++", ["C"]),
        ("Ein Märchen über Straßen", "marchen strasse", ["Märchen", "Straße"]),
        ("decomposed e\u0301te\u0301", "été", ["e\u0301te\u0301"]),
        ("Ａｂｃ wide", "abc", ["Ａｂｃ"]),
        ("Ελλάδα και Ρωσία Россия ёж", "ελλαδα россия еж", ["Ελλάδα", "Россия", "ёж"]),
        ("İstanbul", "istanbul", ["İstanbul"]),
        ("今天天气很好。", "天", ["天", "天"]),
        ("今天天气很好。", "天气", ["天气"]),
        ("今天天气很好。", "天气很好", ["天气很好"]),
        ("今天天气很好。", "好", ["好"]),
        ("今天天气很好。", "今 好", ["今", "好"]),
        ("模型是GPT4模型，很大", "GPT4", ["GPT4"]),
        ("模型是GPT4模型，很大", "gpt4模", ["GPT4模"]),
        ("模型是GPT4模型，很大", "是gpt4模型", ["是GPT4模型"]),
        ("模型是GPT4模型，很大", "型，很", ["型，很"]),
        ("東京タワーへ行きました", "タワー", ["タワー"]),
        ("안녕하세요 세계", "세계", ["세계"]),
        ("안녕하세요 세계", "하세", ["하세"]),
        ("ประเทศไทยสวยงาม", "ไทย", ["ไทย"]),
        ("हिन्दी भाषा में", "भाषा", ["भाषा"]),
        ("مَرْحَبًا بالعالم", "مرحبا", ["مَرْحَبًا"]),
        ("launched 🚀 today", "🚀", ["🚀"]),
        ("version 3.11.7 of it", "3.11", ["3.11"]),
        ("a\nline\r\n\tand  more", "line and", ["line", "and"]),
    ],
)
def test_words_are_found_and_marked(
    store: ChatStore, text: str, words: str, found: list[str]
) -> None:
    talk(store, store.create().id, "something else 别的", text, "又是别的 other")

    (hit,) = store.search(words)

    assert hit.message == 2
    assert marked(hit) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("When do the maples turn?", "maples burn"),
        ("When do the maples turn?", "map turn"),
        ("When do the maples turn?", '"maples the"'),
        ("When do the maples turn?", '"map"'),
        ("When do the maples turn?", "aples"),
        ("今天天气很好。", "天今"),
        ("今天天气很好。", "今天气"),
        ("中 国", "国中"),
        ("one", "one two"),
    ],
)
def test_what_does_not_stand_there_is_not_found(store: ChatStore, text: str, words: str) -> None:
    talk(store, store.create().id, text)

    assert store.search(words) == []


def test_titles_come_first_and_then_the_newest_messages(store: ChatStore) -> None:
    one, two = store.create("Kyoto in autumn").id, store.create("Elsewhere").id
    a, b = talk(store, one, "kyoto a", "kyoto b")
    (c,) = talk(store, two, "kyoto c")
    three = store.create("kyoto again").id

    hits = store.search("KYOTO")

    assert [(hit.chat, hit.message) for hit in hits] == [
        (three, None),
        (one, None),
        (two, c),
        (one, b),
        (one, a),
    ]
    assert (hits[1].snippet, marked(hits[1])) == ("Kyoto in autumn", ["Kyoto"])
    assert [(hit.title, hit.role) for hit in hits[2:4]] == [
        ("Elsewhere", Role.USER),
        ("Kyoto in autumn", Role.ASSISTANT),
    ]
    assert store.search("kyoto", limit=3) == hits[:3]
    assert store.search("kyoto", limit=0) == []


def test_archived_chats_are_found_and_deleted_ones_are_not(store: ChatStore) -> None:
    kept, away, gone = (store.create(f"kyoto {name}").id for name in ("kept", "away", "gone"))
    for chat in (kept, away, gone):
        talk(store, chat, "maples")
    store.set_archived(away, True)
    store.delete(gone)

    assert {hit.chat for hit in store.search("maples")} == {kept, away}
    assert {hit.chat for hit in store.search("kyoto")} == {kept, away}
    store.restore(gone)
    assert {hit.chat for hit in store.search("maples")} == {kept, away, gone}


def test_a_changed_title_and_a_changed_text_are_found_as_they_are_now(store: ChatStore) -> None:
    chat = store.create("before").id
    (message,) = talk(store, chat, "old words")
    assert store.search("old")
    store.rename(chat, "after")
    store.update(message, content="new words", reasoning="", state=MessageState.COMPLETE)

    assert store.search("before") == store.search("old") == []
    assert finds(store, "after") == ["after"]
    assert finds(store, "new") == ["new words"]


def test_an_answer_is_found_when_it_is_complete_and_not_while_it_grows(store: ChatStore) -> None:
    chat = store.create().id
    answer = store.add(chat, None, Role.ASSISTANT, "", state=MessageState.STREAMING).id
    store.update(answer, content="growing", reasoning="", state=MessageState.STREAMING)
    assert store.search("growing") == []

    store.update(answer, content="growing tall", reasoning="", state=MessageState.STOPPED)
    assert finds(store, "growing") == ["growing tall"]

    store.update(answer, content="growing tall, on", reasoning="", state=MessageState.STREAMING)
    assert store.search("growing") == [], "going on with it"
    store.update(answer, content="growing tall, on", reasoning="", state=MessageState.COMPLETE)
    assert finds(store, "tall on") == ["growing tall, on"]


def test_a_failed_transaction_leaves_nothing_to_be_found(store: ChatStore) -> None:
    chat = store.create().id

    def write_and_fail() -> None:
        with store.transaction():
            talk(store, chat, "never said")
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    assert store.search("never") == []


def test_attachments_are_searched_with_their_names(store: ChatStore) -> None:
    chat = store.create().id
    notes = Attachment(AttachmentKind.FILE, "ledger.csv", "line\n" * 100 + "unusual wording\n")
    store.add(chat, None, Role.USER, "What is in it?", attachments=[notes])

    (hit,) = store.search("wording")
    assert marked(hit) == ["wording"]
    assert "unusual wording" in hit.snippet
    assert [marked(hit) for hit in store.search("ledger")] == [["ledger"]]
    assert [marked(hit) for hit in store.search("what unusual")] == [["What"]]


def test_a_copied_branch_is_found_too(store: ChatStore) -> None:
    chat = store.create().id
    _, last = talk(store, chat, "maples", "answer")
    copy = store.copy_branch(last, "copy").id

    assert {hit.chat for hit in store.search("maples")} == {chat, copy}


def test_words_of_a_chat_that_went_for_good_are_in_the_index_no_longer(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as store:
        gone, kept = store.create("gone").id, store.create("kept").id
        talk(store, gone, "xylophone")
        talk(store, kept, "xylophone")
        store.delete(gone)
    clock.now += PURGE_SECONDS + 1

    with opened(path, clock) as store:
        assert [hit.chat for hit in store.search("xylophone")] == [kept]
        matches = store._disk.rows("SELECT rowid FROM texts WHERE texts MATCH 'xylophone'")
        assert len(matches) == 1


@pytest.mark.parametrize(
    "words",
    [
        *(
            "",
            " ",
            '"',
            '""',
            '"" "',
            "*",
            "a*",
            "NEAR(a b)",
            "AND",
            "OR NOT",
            "text : a",
            "-a",
            "^a",
        ),
        *(
            "a" * 100_000,
            "a " * 5000,
            '"' * 999,
            "的" * 5000,
            "' OR 1=1 --",
            "\0",
            "a\0b",
            "\ud83d",
        ),
        *(
            "{a}",
            "(",
            ")",
            "a+b",
            "“quoted”",
            "\u202e\u200b",
            "%",
            "_",
            "\\",
            "é" * 300,
            "🚀" * 300,
        ),
        *("' \" ; DROP TABLE texts", 'a"b"c', "a'b", "§", "«", "text", "rowid", "rank", "一\u0301"),
    ],
)
def test_nothing_that_can_be_typed_is_an_error(store: ChatStore, words: str) -> None:
    talk(store, store.create(words).id, words, "a b", "的")

    for hit in store.search(words):
        assert all(0 <= a < b <= len(hit.snippet) for a, b in hit.marks)
    assert store.search("a b")


def test_random_texts_are_found_by_each_of_their_words(store: ChatStore) -> None:
    chance = random.Random(11)
    letters = "abcéßİΣςñ 的中文字天 \n\t.,_-“”🚀가나ไท0123٣ａ…"
    chat = store.create().id
    for _ in range(20):
        text = "".join(chance.choices(letters, k=80))
        (message,) = talk(store, chat, text)
        # Those are quotation marks to a search.
        for word in text.replace("“", " ").replace("”", " ").split():
            if query(word).match:
                hits = {hit.message: hit for hit in store.search(word, limit=100)}
                assert message in hits, (word, text)
                assert hits[message].marks, (word, text)
                shown = folded("".join(marked(hits[message])))
                assert query(word).parts[0] in shown, (word, text)


def test_a_snippet_is_one_short_line_around_the_words() -> None:
    text = "intro " * 500 + "\n\n# The\tmaples\nturn red  in November " + "outro " * 500
    piece, marks = snippet(text, query("maples turn").patterns)

    assert len(piece) <= 165
    assert piece.startswith("…")
    assert piece.endswith("…")
    assert "# The maples turn red in November" in piece
    assert [piece[a:b] for a, b in marks] == ["maples", "turn"]


def test_a_snippet_of_a_long_text_with_accents_marks_the_right_letters() -> None:
    text = "é" * 3000 + " ﬁn… " * 700 + "e\u0301cole ﬁnale " + "ü" * 3000
    piece, marks = snippet(text, query("ecole finale").patterns)

    assert [piece[a:b] for a, b in marks] == ["e\u0301cole", "ﬁnale"]


def test_what_was_missed_when_lapis_was_killed_waits_for_the_index(path: Path) -> None:
    with opened(path) as store:
        chat = store.create().id
        store.add(chat, None, Role.ASSISTANT, "half an", state=MessageState.STREAMING)

    assert raw(path, "SELECT message FROM unindexed") == [(1,)]
