"""How people arrange their chats: folders, pins, an archive, an order of their own, titles."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from desktop.domain.chat import Role, Sampling
from desktop.domain.chat_settings import ChatSettings, Overflow
from desktop.domain.errors import StorageError
from desktop.domain.history import TitleSource
from desktop.store.chats import PURGE_SECONDS, ChatStore
from tests.unit.store_room import Clock, opened, raw, talk

SETTINGS = ChatSettings(
    model="a model",
    system_prompt="Be brief. 简短。",
    sampling=Sampling(temperature=0.1, stop=("\n\n",), logit_bias=((3, -1.5),)),
    n_ctx=8192,
    thinking=False,
    overflow=Overflow.SUMMARISE,
    persona="writer",
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lapis.db"


@pytest.fixture
def store(path: Path) -> Iterator[ChatStore]:
    with opened(path) as store:
        yield store


def titles(store: ChatStore) -> list[str]:
    return [chat.title for chat in store.chats()]


def names(store: ChatStore) -> list[str]:
    return [folder.name for folder in store.folders()]


def test_folders_keep_name_order_and_whether_they_are_open(path: Path) -> None:
    with opened(path) as store:
        for name in ("Work", "家", "Travel"):
            store.add_folder(name)
        work, home, travel = store.folders()
        store.rename_folder(work.id, "Office")
        store.set_folder_open(home.id, False)
        store.move_folder(travel.id, work.id)

    with opened(path) as store:
        assert [(each.name, each.is_open) for each in store.folders()] == [
            ("Travel", True),
            ("Office", True),
            ("家", False),
        ]
        store.move_folder(travel.id, None)
        store.move_folder(work.id, work.id)
        assert names(store) == ["Office", "家", "Travel"]


def test_chats_of_a_deleted_folder_stay_and_return_to_it_when_it_is_restored(path: Path) -> None:
    with opened(path) as store:
        folder = store.add_folder("Work").id
        other = store.add_folder("Other").id
        stayed = store.create("stayed", folder=folder).id
        moved = store.create("moved", folder=folder).id
        store.delete_folder(folder)

        assert names(store) == ["Other"]
        assert {chat.folder for chat in store.chats()} == {None}
        store.move(moved, other, None)

    with opened(path) as store:
        store.restore_folder(folder)
        assert names(store) == ["Work", "Other"]
        assert (store.chat(stayed).folder, store.chat(moved).folder) == (folder, other)


def test_a_deleted_folder_goes_for_good_after_thirty_days_and_its_chats_stay(path: Path) -> None:
    clock = Clock()
    with opened(path, clock) as store:
        folder = store.add_folder("Work").id
        chat = store.create("stays", folder=folder).id
        store.delete_folder(folder)
    clock.now += PURGE_SECONDS + 1

    with opened(path, clock) as store:
        assert store.chat(chat).folder is None
        with pytest.raises(StorageError, match="no longer exists"):
            store.restore_folder(folder)


def test_pinned_chats_come_first_and_use_does_not_move_them(store: ChatStore) -> None:
    one, two, three, four = (store.create(name).id for name in ("one", "two", "three", "four"))
    store.set_pinned(two, True)
    store.set_pinned(one, True)
    store.set_pinned(two, True)
    talk(store, one, "used")
    talk(store, three, "used")

    assert titles(store) == ["two", "one", "three", "four"]
    assert [chat.pinned for chat in store.chats()] == [True, True, False, False]

    store.move(one, None, two)
    assert titles(store) == ["one", "two", "three", "four"]
    store.move(one, None, None)
    assert titles(store) == ["two", "one", "three", "four"]
    store.set_pinned(two, False)
    assert titles(store) == ["one", "three", "four", "two"], "back to its place by use"
    assert four in {chat.id for chat in store.chats()}


def test_a_chat_stays_where_it_was_dragged_until_it_is_used(store: ChatStore) -> None:
    ids = {name: store.create(name).id for name in "abcde"}
    assert titles(store) == list("edcba")

    store.move(ids["a"], None, ids["d"])
    assert titles(store) == list("eadcb")
    store.move(ids["e"], None, None)
    assert titles(store) == list("adcbe")
    store.move(ids["c"], None, ids["a"])
    assert titles(store) == list("cadbe")
    store.move(ids["c"], None, ids["c"])
    assert titles(store) == list("cadbe")
    talk(store, ids["b"], "used")
    assert titles(store) == list("bcade")


def test_dragging_takes_a_chat_into_a_folder_and_out_again(store: ChatStore) -> None:
    folder = store.add_folder("Work").id
    a, b = store.create("a", folder=folder).id, store.create("b").id

    store.move(b, folder, a)
    assert store.chat(b).folder == folder
    store.move(b, None, a)
    assert store.chat(b).folder is None
    assert titles(store) == ["b", "a"]


def test_beside_a_chat_of_the_other_kind_one_goes_to_the_nearest_edge(store: ChatStore) -> None:
    for name in "abcd":
        store.create(name)
    d, c, b, a = (chat.id for chat in store.chats())
    store.set_pinned(a, True)
    store.set_pinned(b, True)

    store.move(c, None, a)
    assert titles(store) == ["a", "b", "c", "d"]
    store.move(a, None, d)
    assert titles(store) == ["b", "a", "c", "d"]


def test_archived_chats_are_in_a_list_of_their_own(path: Path) -> None:
    with opened(path) as store:
        kept, away = store.create("kept").id, store.create("away").id
        store.set_archived(away, True)

    with opened(path) as store:
        assert [chat.id for chat in store.chats()] == [kept]
        assert [(chat.id, chat.archived) for chat in store.archived()] == [(away, True)]
        store.delete(away)
        assert store.archived() == []
        store.restore(away)
        store.set_archived(away, False)
        assert titles(store) == ["away", "kept"]


def test_what_a_person_wrote_is_replaced_by_a_person_alone(store: ChatStore) -> None:
    chat = store.create().id
    assert store.rename(chat, "from the question", TitleSource.QUESTION)
    assert store.rename(chat, "from the model", TitleSource.MODEL)
    assert store.chat(chat).titled_by is TitleSource.MODEL
    assert store.rename(chat, "mine")

    assert not store.rename(chat, "from the model", TitleSource.MODEL)
    assert (store.chat(chat).title, store.chat(chat).titled_by) == ("mine", TitleSource.PERSON)
    assert store.rename(chat, "mine too", TitleSource.PERSON)


def test_settings_of_a_chat_come_back_as_they_were_set(path: Path) -> None:
    with opened(path) as store:
        made = store.create(settings=SETTINGS, icon="pen").id
        changed = store.create().id
        assert store.settings(changed) == ChatSettings()
        store.set_settings(changed, SETTINGS)
        store.set_icon(changed, "🌿")

    with opened(path) as store:
        assert store.settings(made) == store.settings(changed) == SETTINGS
        assert (store.chat(made).icon, store.chat(changed).icon) == ("pen", "🌿")
        store.set_settings(made, ChatSettings())
        assert store.settings(made) == ChatSettings()
        assert store.settings(99) == ChatSettings()


@pytest.mark.parametrize("damaged", ["{", "[]", '{"n_ctx": "many"}', "null", '{"sampling": 3}'])
def test_settings_that_cannot_be_read_set_nothing(path: Path, damaged: str) -> None:
    with opened(path) as store:
        chat = store.create("a", settings=SETTINGS).id
    raw(path, "UPDATE chats SET settings = ?, titled_by = 'nobody'", damaged)

    with opened(path) as store:
        assert store.settings(chat) == ChatSettings()
        assert store.chat(chat).titled_by is TitleSource.QUESTION


def test_half_a_letter_in_settings_does_not_keep_them_from_being_saved(store: ChatStore) -> None:
    chat = store.create(settings=ChatSettings(system_prompt="a\ud83d b")).id

    assert store.settings(chat).system_prompt == "a\ufffd b"


def test_what_is_kept_for_chats_to_come_stays_in_the_order_of_adding(path: Path) -> None:
    with opened(path) as store:
        for number in ("b", "a", "c"):
            store.save("persona", number, f'{{"n": "{number}"}}')
        store.save("prompt", "a", "{}")
        store.save("persona", "a", '{"n": "again"}')
        store.remove("persona", "c")
        store.remove("persona", "never there")

    with opened(path) as store:
        assert store.saved("persona") == [("b", '{"n": "b"}'), ("a", '{"n": "again"}')]
        assert store.saved("prompt") == [("a", "{}")]
        assert store.saved("hidden") == []


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.rename_folder(99, "x"),
        lambda store: store.delete_folder(99),
        lambda store: store.restore_folder(99),
        lambda store: store.set_folder_open(99, True),
        lambda store: store.move_folder(99, None),
        lambda store: store.set_pinned(99, True),
        lambda store: store.set_archived(99, True),
        lambda store: store.set_icon(99, "x"),
        lambda store: store.move(99, None, None),
        lambda store: store.move(1, 99, None),
        lambda store: store.set_settings(99, SETTINGS),
        lambda store: store.create("x", folder=99),
        lambda store: store.choose(99),
        lambda store: store.copy_branch(99, "x"),
        lambda store: store.set_memory(99, None),
    ],
)
def test_using_what_is_gone_says_so_and_changes_nothing(
    store: ChatStore, use: Callable[[ChatStore], object]
) -> None:
    store.create("here")
    before = store.chats()

    with pytest.raises(StorageError, match="no longer exists"):
        use(store)

    assert store.chats() == before


def test_texts_sent_before_are_offered_newest_first_and_once(store: ChatStore) -> None:
    one, two, gone = store.create().id, store.create().id, store.create().id
    talk(store, one, "first", "an answer", "again")
    talk(store, gone, "deleted")
    talk(store, two, "again", "an answer", "last")
    store.add(two, store.tip(two), Role.USER, "")
    store.delete(gone)

    assert store.draft_history() == ["last", "again", "first"]
    assert store.draft_history(limit=1) == ["last"]
