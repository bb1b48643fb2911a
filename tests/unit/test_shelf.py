"""The list of models with what is known of each, and what can be done with one."""

import builtins
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from desktop.domain.errors import LapisError, ModelFileError, ModelNotFound, StorageError
from desktop.domain.model import InstalledModel
from desktop.domain.shelf import ModelDefaults, Origin
from desktop.services.shelf_import import ImportHow
from tests.gguf_files import write_llama
from tests.harness.models import Models
from tests.unit.shelf_room import Room, nobody

FILE = "gemma-2-2b-it-Q4_K_M.gguf"
NAME = "gemma-2-2b-it-Q4_K_M"


@pytest.fixture
def room(tmp_path: Path, models: Models) -> Iterator[Room]:
    made = Room(tmp_path, models.llama)
    yield made
    made.shelf.close()


def stopped() -> Event:
    event = Event()
    event.set()
    return event


class StopAfter(Event):
    """Is set once it was looked at so many times."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    def is_set(self) -> bool:
        self._looks -= 1
        return self._looks < 0


def lm_studio(room: Room, name: str = "Own-Model-Q8_0.gguf") -> Path:
    """Put a model where LM Studio keeps its own."""
    folder = room.home / ".lmstudio" / "models" / "owner" / "repository"
    return room.put(name, folder=folder)[0]


# What there is.


def test_the_guide_comes_first_then_the_folder_then_opened_files_then_other_programs(
    room: Room,
) -> None:
    (opened,) = room.put("far.gguf", folder=room.root / "far")
    room.put("b.gguf", "deep/模型 Ü.gguf")
    lm_studio(room)
    room.shelf.import_file(opened, ImportHow.IN_PLACE, nobody, Event())
    assert room.shelf.look_elsewhere(Event()) == 1

    entries = room.shelf.entries()

    assert [(entry.model.name, entry.origin) for entry in entries] == [
        ("guide", Origin.GUIDE),
        ("b", Origin.LAPIS),
        ("模型 Ü", Origin.LAPIS),
        ("far", Origin.OPENED),
        ("Own-Model-Q8_0", Origin.LM_STUDIO),
    ]
    assert entries[2].files == (room.folder / "deep" / "模型 Ü.gguf",)


def test_models_of_other_programs_are_known_after_a_restart_without_looking(room: Room) -> None:
    path = lm_studio(room)
    assert not room.shelf.has_looked
    room.shelf.look_elsewhere(Event())
    room.shelf.close()

    later = room.another()
    assert later.has_looked
    assert later.entries()[-1].model.path == path
    path.unlink()
    assert [entry.origin for entry in later.entries()] == [Origin.GUIDE]
    later.close()


def test_a_search_that_is_stopped_leaves_the_list_as_it_was(room: Room) -> None:
    lm_studio(room)
    room.shelf.look_elsewhere(Event())
    shutil.rmtree(room.home / ".lmstudio")

    assert room.shelf.look_elsewhere(stopped()) is None
    assert room.shelf.look_elsewhere(Event()) == 0


def test_a_file_is_listed_once_however_it_is_reached(room: Room) -> None:
    path = lm_studio(room)
    room.shelf.look_elsewhere(Event())
    room.shelf.import_file(path, ImportHow.IN_PLACE, nobody, Event())

    assert room.names() == ["guide", "Own-Model-Q8_0"]


def test_headers_are_read_once_and_never_by_listing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.put(FILE, "sub/other.gguf")
    assert all(entry.facts is None for entry in room.shelf.entries())
    told: list[tuple[int, int]] = []
    assert room.shelf.scan_headers(lambda done, total: told.append((done, total)), Event()) == 3
    assert told == [(1, 3), (2, 3), (3, 3)]
    room.shelf.close()

    later = room.another()
    real_open = os.open

    def no_models(path: object, *rest: object, **more: object) -> int:
        assert not str(path).endswith(".gguf")
        return real_open(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", no_models)
    monkeypatch.setattr(builtins, "open", no_models)
    entries = later.entries()
    assert later.scan_headers(nobody, Event()) == 0
    later.close()

    facts = entries[1].facts
    assert facts is not None
    assert (facts.architecture, facts.context_length) == ("llama", 2048)
    assert facts.parameters > 0
    assert facts.has_template
    assert facts.can_chat


def test_a_changed_file_is_read_again(room: Room, models: Models) -> None:
    (path,) = room.put(FILE)
    room.scan()
    shutil.copyfile(models.gemma2, path)

    assert room.entry(NAME).facts is None
    assert room.scan() == 1
    facts = room.entry(NAME).facts
    assert facts is not None
    assert facts.family == "Gemma 2"


def test_an_embedding_model_cannot_chat(room: Room, models: Models) -> None:
    shutil.copyfile(models.bert, room.folder / "e.gguf")
    room.scan()

    facts = room.entry("e").facts
    assert facts is not None
    assert not facts.can_chat


def test_a_broken_file_says_why_and_stops_nothing(room: Room) -> None:
    room.write("a-broken.gguf", b"<!DOCTYPE html><html>" + bytes(100))
    room.put("b.gguf")
    room.scan()

    assert str(room.entry("a-broken").problem) == "This file is a web page, not a model"
    assert room.entry("b").problem is None
    assert room.scan() == 0


def test_reading_headers_can_be_stopped_and_goes_on(room: Room) -> None:
    room.put("a.gguf", "b.gguf", "c.gguf")

    assert room.shelf.scan_headers(nobody, StopAfter(2)) == 2
    assert room.scan() == 2


def test_a_split_model_is_one_entry_and_offered_only_whole(room: Room) -> None:
    parts = room.put(*(f"big-0000{part}-of-00003.gguf" for part in (1, 2, 3)))

    entry = room.entry("big")
    assert entry.files == tuple(parts)
    assert entry.model.size == 3 * room.sample.stat().st_size

    parts[1].rename(parts[1].with_name(f"{parts[1].name}.part"))
    assert room.names() == ["guide"]


@pytest.mark.parametrize(
    ("model", "projectors", "chosen"),
    [
        ("m-Q4_K_M.gguf", ["mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F16.gguf"),
        ("gemma-3-4b-it-Q4_K_M.gguf", ["mmproj-model-f16.gguf"], "mmproj-model-f16.gguf"),
        ("Ministral-8B-Q4_K_M.gguf", ["Ministral-8B-BF16-mmproj.gguf"], None),
        ("Qwen2.5-VL-7B-UD-Q4_K_XL.gguf", ["mmproj-Qwen2.5-VL-7B-Q8_0.gguf"], None),
        ("llama-3-8b.Q4_K_M.gguf", ["mmproj-gemma-3-4b-f16.gguf"], ""),
    ],
)
def test_what_sees_pictures_is_paired_by_its_name(
    model: str, projectors: list[str], chosen: str | None, room: Room
) -> None:
    room.put(f"x/{model}", *(f"x/{name}" for name in projectors))

    (entry,) = room.shelf.entries()[1:]

    chosen = projectors[0] if chosen is None else chosen
    assert entry.projector == (room.folder / "x" / chosen if chosen else None)


def test_in_a_shared_folder_each_model_gets_its_own_projector(room: Room) -> None:
    room.put("a-4b-Q4_K_M.gguf", "b-7b-Q4_K_M.gguf", "c-1b-Q8_0.gguf")
    room.put("mmproj-a-4b-F16.gguf", "mmproj-b-7b-F16.gguf", "mmproj-F16.gguf")

    found = {entry.model.name: entry.projector for entry in room.shelf.entries()}

    assert found["a-4b-Q4_K_M"] == room.folder / "mmproj-a-4b-F16.gguf"
    assert found["b-7b-Q4_K_M"] == room.folder / "mmproj-b-7b-F16.gguf"
    assert found["c-1b-Q8_0"] is None


def test_an_entry_is_found_as_a_model_is(room: Room) -> None:
    room.put(FILE, "other.gguf")
    (far,) = room.put("far.gguf", folder=room.root / "far")

    assert room.shelf.find("gemma").model.name == NAME
    assert room.shelf.find(str(room.folder / FILE)).origin is Origin.LAPIS
    assert room.shelf.find(str(far)).origin is Origin.OPENED
    assert room.shelf.find(" ").origin is Origin.GUIDE
    with pytest.raises(ModelNotFound):
        room.shelf.find("nothing")
    with pytest.raises(ModelFileError):
        room.shelf.find(str(room.root / "none.gguf"))


# What is remembered.


def test_what_is_remembered_of_a_model_is_in_its_entry(room: Room) -> None:
    (path,) = room.put(FILE)
    room.shelf.remember_source([path], "hf", "owner/name", "c0ffee", ["ab" * 32])
    room.notes.remember_loaded(path, 8192, 3_000_000_000)
    room.notes.remember_used(path)

    record = room.entry(NAME).record

    assert (record.source, record.repository, record.sha256) == ("hf", "owner/name", "ab" * 32)
    assert (record.measured_context, record.measured_memory) == (8192, 3_000_000_000)
    assert record.used_at > 0


def test_defaults_belong_to_one_model_and_to_the_guide_wherever_it_is(room: Room) -> None:
    room.put(FILE)
    model = room.entry(NAME).model
    guide = room.entry("guide").model
    room.shelf.set_defaults(model, ModelDefaults(n_ctx=4096))
    room.shelf.set_defaults(guide, ModelDefaults(system_prompt="Be kind."))

    elsewhere = InstalledModel("guide", "guide", Path("/other/guide.gguf"), 1, is_guide=True)
    assert room.shelf.defaults(model) == ModelDefaults(n_ctx=4096)
    assert room.shelf.defaults(elsewhere) == ModelDefaults(system_prompt="Be kind.")


def test_without_its_file_about_models_the_list_is_there(room: Room) -> None:
    room.put(FILE)
    room.paths.records.mkdir()

    assert room.names() == ["guide", NAME]
    room.scan()
    assert room.entry(NAME).facts is not None
    with pytest.raises(StorageError):
        room.shelf.set_defaults(room.entry(NAME).model, ModelDefaults(n_ctx=1))


def test_the_same_content_under_two_names_is_seen(room: Room, models: Models) -> None:
    (first,) = room.put("a.gguf")
    (room.folder / "linked.gguf").hardlink_to(first)
    room.put("b.gguf")
    changed = bytearray(models.llama.read_bytes())
    changed[-1] ^= 1
    room.write("c.gguf", bytes(changed))
    room.guide.write_bytes(b"GGUF")

    assert [entry.twin for entry in room.shelf.entries()] == ["", "linked", "", "", "a"]

    assert room.shelf.find_twins(nobody, Event())
    assert [(each.model.name, each.twin) for each in room.shelf.entries()] == [
        ("guide", ""),
        ("a", "b"),
        ("b", "a"),
        ("c", ""),
        ("linked", "a"),
    ]


def test_a_hash_of_a_file_that_changed_since_counts_for_nothing(room: Room) -> None:
    first, second = room.put("a.gguf", "b.gguf")
    room.guide.write_bytes(b"GGUF")
    room.shelf.find_twins(nobody, Event())
    assert room.entry("a").twin == "b"
    content = bytearray(first.read_bytes())
    content[-1] ^= 1
    second.write_bytes(bytes(content))
    os.utime(second, ns=(1, 1))

    assert room.entry("a").twin == ""


def test_disk_use_counts_each_content_once(room: Room) -> None:
    size = room.sample.stat().st_size
    (first,) = room.put("a.gguf")
    (room.folder / "linked.gguf").hardlink_to(first)
    lm_studio(room)
    room.shelf.look_elsewhere(Event())

    use = room.shelf.disk_use()

    assert (use.models, use.trash) == (size, 0)
    assert use.free > 0


# Checking.


def test_a_model_is_checked_against_what_its_source_published(room: Room) -> None:
    (path,) = room.put(FILE)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    room.shelf.remember_source([path], "hf", "owner/name", "c", [sha256])
    told: list[tuple[int, int]] = []

    found = room.shelf.verify(
        room.entry(NAME), lambda done, total: told.append((done, total)), Event()
    )

    assert found is not None
    assert found.by_hash
    assert found.problem is None
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert room.entry(NAME).record.verified_at > 0
    os.utime(path, ns=(1, 1))
    assert room.entry(NAME).record.verified_at == 0


def test_a_model_with_other_bytes_fails_the_check(room: Room) -> None:
    (path,) = room.put(FILE)
    room.shelf.remember_source([path], "hf", "owner/name", "c", ["ab" * 32])

    found = room.shelf.verify(room.entry(NAME), nobody, Event())

    assert found is not None
    assert found.problem is not None
    assert FILE in str(found.problem.title)
    assert room.entry(NAME).record.verified_at == 0


def test_every_part_of_a_split_model_is_checked(room: Room, tmp_path: Path) -> None:
    extra = {"split.no": 0, "split.count": 2}
    first = write_llama(room.folder / "big-00001-of-00002.gguf", extra=extra)
    (second,) = room.put("big-00002-of-00002.gguf")
    hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second)]
    room.shelf.remember_source([first, second], "hf", "o/n", "c", hashes)
    found = room.shelf.verify(room.entry("big"), nobody, Event())
    assert found is not None
    assert (found.by_hash, found.problem) == (True, None)

    room.shelf.remember_source([second], "hf", "o/n", "c", ["ab" * 32])
    found = room.shelf.verify(room.entry("big"), nobody, Event())
    assert found is not None
    assert found.problem is not None


def test_without_a_published_hash_the_header_is_checked(room: Room) -> None:
    (path,) = room.put(FILE)
    found = room.shelf.verify(room.entry(NAME), nobody, Event())
    assert found is not None
    assert (found.by_hash, found.problem) == (False, None)
    assert room.entry(NAME).record.verified_at > 0

    entry = room.entry(NAME)
    path.write_bytes(path.read_bytes()[:-100])
    found = room.shelf.verify(entry, nobody, Event())
    assert found is not None
    assert str(found.problem) == "This file is incomplete"


def test_a_check_can_be_stopped(room: Room) -> None:
    (path,) = room.put(FILE)
    room.shelf.remember_source([path], "hf", "owner/name", "c", ["ab" * 32])

    assert room.shelf.verify(room.entry(NAME), nobody, stopped()) is None


# Deleting.


def test_a_deleted_model_comes_back_whole(room: Room) -> None:
    room.put("x/m.gguf", "x/mmproj-F16.gguf", "keep.gguf")
    room.write("x/m.gguf.part.json", b"{}")
    before = room.files()
    room.shelf.set_defaults(room.entry("m").model, ModelDefaults(n_ctx=5))

    deleted = room.shelf.delete(room.entry("m"))

    assert room.names() == ["guide", "keep"]
    assert not (room.folder / "x").exists()
    assert deleted.size == 2 * room.sample.stat().st_size + 2
    assert room.shelf.deleted() == [deleted]
    assert room.shelf.disk_use().trash >= deleted.size

    room.shelf.undo(deleted)

    assert room.files() == before
    assert room.shelf.deleted() == []
    assert room.shelf.defaults(room.entry("m").model) == ModelDefaults(n_ctx=5)
    assert not (room.folder / ".trash").exists()


def test_a_projector_that_another_model_needs_stays(room: Room) -> None:
    room.put("x/m-Q4_K_M.gguf", "x/m-Q8_0.gguf", "x/mmproj-F16.gguf")

    room.shelf.delete(room.entry("m-Q4_K_M"))
    assert (room.folder / "x/mmproj-F16.gguf").exists()

    room.shelf.delete(room.entry("m-Q8_0"))
    assert not (room.folder / "x").exists()


def test_what_is_not_ours_is_never_deleted(room: Room) -> None:
    lm_studio(room)
    room.shelf.look_elsewhere(Event())
    (opened,) = room.put("far.gguf", folder=room.root / "far")
    room.shelf.import_file(opened, ImportHow.IN_PLACE, nobody, Event())
    room.put("real.gguf", folder=room.root / "beyond")
    (room.folder / "link").symlink_to(room.root / "beyond")

    for entry in room.shelf.entries():
        with pytest.raises(StorageError):
            room.shelf.delete(entry)

    assert len(room.names()) == 4


def test_what_another_program_put_into_our_folder_stays_its_own(room: Room) -> None:
    lm_studio(room)
    room.keep_in(room.home / ".lmstudio" / "models")
    room.shelf.look_elsewhere(Event())

    (_, entry) = room.shelf.entries()

    assert entry.origin is Origin.LM_STUDIO
    with pytest.raises(StorageError):
        room.shelf.delete(entry)
    with pytest.raises(StorageError) as caught:
        room.shelf.move_folder(room.root / "new", nobody, Event())
    assert "Another program" in str(caught.value.title)


def test_undoing_never_overwrites_a_newer_file(room: Room) -> None:
    room.put("m.gguf")
    deleted = room.shelf.delete(room.entry("m"))
    newer = room.write("m.gguf", b"GGUF newer")

    with pytest.raises(StorageError):
        room.shelf.undo(deleted)

    assert newer.read_bytes() == b"GGUF newer"
    newer.unlink()
    room.shelf.undo(deleted)
    assert room.names() == ["guide", "m"]


def test_where_there_is_no_trash_a_deleted_model_can_come_back_in_another_run(room: Room) -> None:
    room.put("m.gguf")
    room.shelf.delete(room.entry("m"))
    room.shelf.close()
    later = room.another()
    later.settle()

    (deleted,) = later.deleted()
    later.undo(deleted)
    assert [entry.model.name for entry in later.entries()] == ["guide", "m"]

    later.delete(later.find("m"))
    assert later.empty_trash() == room.sample.stat().st_size
    assert later.deleted() == []
    assert room.files() == set()
    later.close()


def test_a_deletion_that_the_disk_refuses_half_way_leaves_the_model_whole(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.put(*(f"big-0000{part}-of-00003.gguf" for part in (1, 2, 3)))
    before = room.files()
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if self.name.startswith("big-00002") and ".trash" in str(target):
            raise OSError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(StorageError):
        room.shelf.delete(room.entry("big"))

    assert room.files() == before


# Importing.


def test_a_file_is_imported_by_a_second_name(room: Room) -> None:
    (source,) = room.put(FILE, folder=room.root / "downloads")

    imported = room.shelf.import_file(source, ImportHow.HARD_LINK, nobody, Event())

    assert imported is not None
    assert (imported.how, imported.notice) == (ImportHow.HARD_LINK, None)
    assert imported.path == room.folder / NAME / FILE
    assert imported.path.samefile(source)
    assert room.names() == ["guide", NAME]
    deleted = room.shelf.delete(room.entry(NAME))
    assert deleted.size == 0
    assert source.exists()


def test_where_links_are_not_possible_the_file_is_copied_and_that_is_said(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = room.put(FILE, folder=room.root / "downloads")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    imported = room.shelf.import_file(source, ImportHow.HARD_LINK, nobody, Event())

    assert imported is not None
    assert imported.how is ImportHow.COPY
    assert imported.notice is not None
    assert imported.path.read_bytes() == source.read_bytes()
    assert not imported.path.samefile(source)


def test_a_split_model_is_imported_with_all_parts_and_its_projector(room: Room) -> None:
    folder = room.root / "downloads"
    folder.mkdir()
    first = write_llama(folder / "big-00001-of-00002.gguf", extra={"split.no": 0, "split.count": 2})
    room.put("big-00002-of-00002.gguf", "mmproj-big-F16.gguf", folder=folder)
    told: list[tuple[int, int]] = []

    room.shelf.import_file(
        first, ImportHow.COPY, lambda done, total: told.append((done, total)), Event()
    )

    assert room.files() == {
        "big/big-00001-of-00002.gguf",
        "big/big-00002-of-00002.gguf",
        "big/mmproj-big-F16.gguf",
    }
    assert room.entry("big").projector is not None
    assert told[-1][0] == told[-1][1]


def test_a_file_without_a_name_of_its_own_is_named_after_its_header(room: Room) -> None:
    (source,) = room.put("sha256-0123abcd", folder=room.root / "blobs")

    imported = room.shelf.import_file(source, ImportHow.COPY, nobody, Event())

    assert imported is not None
    assert imported.path.name == "Tiny Llama F32.gguf"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("a:b?.gguf", "a_b_.gguf"),
        ("NUL.gguf", "model_NUL.gguf"),
        ("..evil .gguf", "evil.gguf"),
        ("line\nbreak.gguf", "line_break.gguf"),
        ("模型.gguf", "模型.gguf"),
    ],
)
def test_names_that_not_every_system_takes_are_made_plain(
    name: str, becomes: str, room: Room
) -> None:
    (source,) = room.put(name, folder=room.root / "downloads")

    imported = room.shelf.import_file(source, ImportHow.COPY, nobody, Event())

    assert imported is not None
    assert imported.path.name == becomes


def refused(room: Room, source: Path, how: ImportHow) -> LapisError:
    before = room.files()
    with pytest.raises(LapisError) as caught:
        room.shelf.import_file(source, how, nobody, Event())
    assert room.files() == before
    assert not (room.folder / ".incoming").exists()
    assert str(caught.value.hint)
    return caught.value


@pytest.mark.parametrize("how", list(ImportHow))
def test_what_is_no_whole_model_is_refused_and_nothing_written(how: ImportHow, room: Room) -> None:
    page = room.write("page.gguf", b"<html>" + bytes(99), room.root / "far")
    half = write_llama(
        room.root / "far" / "half-00001-of-00002.gguf", extra={"split.no": 0, "split.count": 2}
    )

    assert "web page" in str(refused(room, page, how).title)
    assert "missing" in str(refused(room, half, how).title)
    assert "does not exist" in str(refused(room, room.root / "none.gguf", how).title)
    assert room.settings().opened_models == ()


def test_a_name_that_is_taken_is_refused(room: Room) -> None:
    room.put("sub/Model-Q4_K_M.gguf")
    (source,) = room.put("model-q4_k_m.gguf", folder=room.root / "far")

    assert "already" in str(refused(room, source, ImportHow.COPY).title)
    assert "already" in str(refused(room, room.folder / "sub/Model-Q4_K_M.gguf", ImportHow.COPY))


def test_an_import_without_room_is_refused(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = room.put(FILE, folder=room.root / "far")
    usage = shutil.disk_usage(room.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))

    assert "not enough room" in str(refused(room, source, ImportHow.COPY).title)


def test_an_import_that_is_stopped_leaves_nothing(room: Room) -> None:
    (source,) = room.put(FILE, folder=room.root / "far")

    assert room.shelf.import_file(source, ImportHow.COPY, nobody, stopped()) is None
    assert list(room.folder.iterdir()) == []


def test_leftovers_of_a_killed_import_are_removed_and_running_ones_stay(room: Room) -> None:
    dead = room.write(".incoming/999999999-5-abc/a.gguf.part", b"x")
    running = room.write(f".incoming/{os.getppid()}-5-abc/a.gguf.part", b"x")
    from desktop.base.owner import mark

    own = room.write(f".incoming/{mark()}/a.gguf.part", b"x")

    room.shelf.settle()

    assert (dead.exists(), running.exists(), own.exists()) == (False, False, True)


def test_an_opened_file_can_be_taken_out_of_the_list(room: Room) -> None:
    (source,) = room.put("far.gguf", folder=room.root / "far")
    room.shelf.import_file(source, ImportHow.IN_PLACE, nobody, Event())
    assert room.entry("far").model.path == source

    room.shelf.forget_opened(room.entry("far"))

    assert room.names() == ["guide"]
    assert source.exists()
