"""What others may have put into the folders of Lapis: links, notes and pipes that mean harm.

A models folder can be on a stick that was elsewhere, or be shared. Whatever lies in it, nothing
outside is written, moved or removed.
"""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from desktop.domain.download import DownloadOrder, DownloadPhase
from desktop.domain.errors import StorageError
from desktop.domain.repository import (
    Gate,
    QuantisedModel,
    RemoteFile,
    Repository,
    Source,
    SourceKind,
)
from desktop.domain.settings import LibrarySettings
from desktop.domain.shelf import Origin
from desktop.hub.beside import lock_path, part_path, sidecar_path
from desktop.hub.part_file import PartFile
from desktop.hub.sidecar import Identity, Sidecar, read_sidecar, write_sidecar
from desktop.hub.target_lock import locked
from desktop.models.elsewhere import found
from desktop.models.places import Places, System
from desktop.services.downloads import Downloads
from desktop.services.orders import order_for
from desktop.services.shelf_bin import Bin, Deleted
from desktop.services.shelf_import import ImportHow
from desktop.services.shelf_incoming import remove_leftovers
from tests.harness.models import Models
from tests.unit.shelf_room import Room, nobody

GONE = "1-1-ab"  # the mark of a process that is no more
SOURCE = Source(SourceKind.MIRROR, "https://example.invalid")
IDENTITY = Identity(SOURCE, "owner/name", "0" * 40, "tiny.gguf", 100, "0" * 64)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs links")


@pytest.fixture
def room(models: Models, tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path, models.llama)
    yield made
    made.shelf.close()


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Return a file of the user's, in a folder of the user's."""
    path = tmp_path / "documents" / "thesis.txt"
    path.parent.mkdir()
    path.write_text("precious")
    return path


def note(trash: Path, key: str, *files: str) -> None:
    trash.mkdir(parents=True, exist_ok=True)
    content = {"name": "x", "size": 0, "deleted_at": 0, "files": files}
    (trash / f"{key}.json").write_text(json.dumps(content))


def bin_of(root: Path) -> Bin:
    def trash(path: Path, _original: Path) -> bool:
        path.unlink()
        return True

    return Bin(lambda: [root], lambda _paths: None, trash=trash)


# --- the trash and what gathers ---------------------------------------------------------------


@pytest.mark.parametrize("key", ["..", ".", "elsewhere", "1-1-ab.."])
def test_a_note_that_is_not_named_by_a_process_removes_nothing(tmp_path: Path, key: str) -> None:
    root = tmp_path / "models"
    note(root / ".trash", key)
    kept = root / "mine.gguf"
    kept.write_bytes(b"GGUF")
    assert bin_of(root).content() == []
    bin_of(root).empty()
    bin_of(root).settle()
    assert kept.exists()


def test_a_note_with_a_name_that_can_be_none_costs_the_others_nothing(tmp_path: Path) -> None:
    root = tmp_path / "models"
    note(root / ".trash", GONE, "a%00.gguf")
    (root / "mine.gguf").write_bytes(b"GGUF")
    held = bin_of(root)

    deleted = held.put(root, "mine", [root / "mine.gguf"])

    assert held.content() == [deleted]
    held.settle()
    held.undo(deleted)
    assert (root / "mine.gguf").exists()


@pytest.mark.parametrize("inside", ["link/thesis.txt", "../../../documents/thesis.txt"])
def test_a_note_about_what_is_outside_takes_nothing_from_there(
    tmp_path: Path, precious: Path, inside: str
) -> None:
    root = tmp_path / "models"
    folder = root / ".trash" / GONE
    folder.mkdir(parents=True)
    (folder / "link").symlink_to(precious.parent)
    note(root / ".trash", GONE, inside)
    bin_of(root).settle()
    with pytest.raises(StorageError):
        bin_of(root).undo(Deleted(GONE, "x", 0, 0.0))
    assert precious.read_text() == "precious"


def test_a_link_in_place_of_a_deleted_model_leads_nowhere(tmp_path: Path, precious: Path) -> None:
    root = tmp_path / "models"
    note(root / ".trash", GONE, "thesis.txt")
    (root / ".trash" / GONE).symlink_to(precious.parent)
    bin_of(root).settle()
    assert precious.exists()


def test_undoing_puts_nothing_where_a_link_leads_out(tmp_path: Path, precious: Path) -> None:
    root = tmp_path / "models"
    folder = root / ".trash" / GONE / "out"
    folder.mkdir(parents=True)
    (folder / "run-me").write_text("harm")
    note(root / ".trash", GONE, "out/run-me")
    (root / "out").symlink_to(precious.parent)
    with pytest.raises(StorageError):
        bin_of(root).undo(Deleted(GONE, "x", 0, 0.0))
    assert not (precious.parent / "run-me").exists()


def test_a_trash_that_is_a_link_is_no_trash(tmp_path: Path, precious: Path) -> None:
    root = tmp_path / "models"
    root.mkdir()
    aside = tmp_path / "aside"
    note(aside, GONE, "a")
    (aside / GONE).mkdir()
    (aside / GONE / "a").write_text("precious")
    (root / ".trash").symlink_to(aside)
    bin_of(root).settle()
    bin_of(root).empty()
    assert (aside / GONE / "a").exists()


def test_a_link_in_place_of_unfinished_imports_removes_nothing(
    tmp_path: Path, precious: Path
) -> None:
    root = tmp_path / "models"
    root.mkdir()
    (root / ".incoming").symlink_to(tmp_path)
    remove_leftovers(root)
    assert precious.exists()


def test_what_no_process_of_ours_left_stays_among_unfinished_imports(tmp_path: Path) -> None:
    other = tmp_path / ".incoming" / "somebody's"
    other.mkdir(parents=True)
    (tmp_path / ".incoming" / GONE).mkdir()
    remove_leftovers(tmp_path)
    assert [each.name for each in other.parent.iterdir()] == [other.name]


# --- beside a download ------------------------------------------------------------------------


def test_a_link_in_place_of_a_part_is_never_written_through(precious: Path, tmp_path: Path) -> None:
    target = tmp_path / "tiny.gguf"
    write_sidecar(target, Sidecar(IDENTITY))
    part_path(target).symlink_to(precious)
    assert PartFile.remains(target)
    assert PartFile.reopen(target, IDENTITY) is None
    with PartFile.create(target, IDENTITY) as part:
        part.add(b"new")
    assert precious.read_text() == "precious"
    assert part_path(target).read_bytes() == b"new"


def test_a_link_in_place_of_a_new_sidecar_is_never_written_through(
    precious: Path, tmp_path: Path
) -> None:
    target = tmp_path / "tiny.gguf"
    sidecar = sidecar_path(target)
    sidecar.with_name(f"{sidecar.name}.new").symlink_to(precious)
    write_sidecar(target, Sidecar(IDENTITY))
    assert precious.read_text() == "precious"
    assert read_sidecar(target) == Sidecar(IDENTITY)
    assert sidecar.stat().st_mode & 0o077 == 0


@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_part_or_sidecar_holds_nobody_up(tmp_path: Path) -> None:
    target = tmp_path / "tiny.gguf"
    os.mkfifo(sidecar_path(target))
    assert read_sidecar(target) is None
    sidecar_path(target).unlink()
    write_sidecar(target, Sidecar(IDENTITY))
    os.mkfifo(part_path(target))
    assert PartFile.reopen(target, IDENTITY) is None
    PartFile.create(target, IDENTITY).discard()


def test_a_link_in_place_of_a_lock_makes_no_file_elsewhere(tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "tiny.gguf", tmp_path / "elsewhere"
    lock_path(target).symlink_to(elsewhere)
    with locked(target):
        assert lock_path(target).is_file()
    assert not os.path.lexists(elsewhere)
    assert not os.path.lexists(lock_path(target))


def test_a_link_in_place_of_the_quarantine_leads_nowhere(precious: Path, tmp_path: Path) -> None:
    target = tmp_path / "tiny.gguf"
    (tmp_path / ".quarantine").symlink_to(precious.parent)
    part = PartFile.create(target, IDENTITY)
    part.add(b"wrong")
    part.quarantine("of no use")
    assert [each.name for each in precious.parent.iterdir()] == [precious.name]


def test_a_folder_that_is_a_link_out_gets_no_download(precious: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "models").mkdir(parents=True)
    (home / "models" / "owner").symlink_to(precious.parent)
    file = RemoteFile("thesis.txt", 8, "0" * 64, "http://127.0.0.1:9/never/asked")
    order = DownloadOrder("key", "Tiny", SOURCE, "owner/name", "0" * 40, "owner", (file,))
    downloads = Downloads(lambda: home / "models", None, LibrarySettings, str, {})
    try:
        downloads.add(order)
        seen = downloads.wait("key", 20)
        assert seen is not None
        assert seen.phase is DownloadPhase.FAILED
        assert isinstance(seen.error, StorageError)
        part_path(precious).write_text("somebody's")
        downloads.cancel("key")
        assert downloads.downloads == ()
    finally:
        assert downloads.close(5)
    assert part_path(precious).exists()
    assert precious.read_text() == "precious"


# --- names that are one on some disks ---------------------------------------------------------


def repository(name: str, *paths: str) -> Repository:
    files = [RemoteFile(path, 10, f"{number:064d}", "") for number, path in enumerate(paths)]
    models = tuple(QuantisedModel(file.path.removesuffix(".gguf"), "", (file,)) for file in files)
    return Repository(SOURCE, name, "0" * 40, Gate.OPEN, "", "", models)


@pytest.mark.parametrize(
    ("one", "other"), [("Model.gguf", "model.gguf"), ("\u00c4.gguf", "A\u0308.gguf")]
)
def test_models_whose_names_are_one_on_some_disks_get_two_folders(one: str, other: str) -> None:
    offered = repository("owner/name", one, other)
    folders = {order_for(offered, model).folder.casefold() for model in offered.models}
    assert len({folder[-8:] for folder in folders}) == 2


def test_two_repositories_never_share_a_folder() -> None:
    first, second = repository("a--b/c", "m.gguf"), repository("a/b--c", "m.gguf")
    plain = repository("a/b", "c--m.gguf")
    folders = {order_for(each, each.models[0]).folder for each in (first, second, plain)}
    assert len(folders) == 3


# --- what is remembered, and what other programs wrote ----------------------------------------


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE elsewhere SET files = 'text'",
        "UPDATE elsewhere SET size = x'00'",
        "UPDATE elsewhere SET origin = 7",
        "UPDATE elsewhere SET projector = 'text', needs_probe = 'perhaps'",
        "UPDATE files SET verified_at = 'yesterday', used_at = x'00'",
        "UPDATE files SET path = 'text'",
        "UPDATE facts SET path = 'text ' || hex(path), facts = x'00'",
    ],
)
def test_rows_that_nobody_wrote_cost_no_list(room: Room, harm: str) -> None:
    room.put("mine.gguf")
    room.put(".lmstudio/models/a/b/other.gguf", folder=room.home)
    room.shelf.look_elsewhere(Event())
    room.shelf.scan_headers(nobody, Event())
    room.notes.remember_used(room.folder / "mine.gguf")
    room.shelf.close()
    with sqlite3.connect(room.paths.records) as connection:
        connection.execute(harm)
    connection.close()
    names = {entry.model.name for entry in room.another().entries()}
    assert {"guide", "mine"} <= names


def test_a_record_cannot_make_a_file_ours_to_delete(room: Room, precious: Path) -> None:
    room.put(".lmstudio/models/a/b/other.gguf", folder=room.home)
    room.shelf.look_elsewhere(Event())
    room.shelf.close()
    with sqlite3.connect(room.paths.records) as connection:
        connection.execute(
            "UPDATE elsewhere SET origin = 'lapis', files = ?", (os.fsencode(precious),)
        )
    connection.close()
    shelf = room.another()
    (entry,) = [each for each in shelf.entries() if each.origin is Origin.LAPIS]
    with pytest.raises(StorageError):
        shelf.delete(entry)
    assert precious.exists()
    shelf.close()


@pytest.mark.parametrize("folder", ["/\\ud800", "/\\u0000", "/" + "x" * 300, "~\\udfff", "//s/x"])
def test_a_folder_that_cannot_be_costs_the_others_nothing(tmp_path: Path, folder: str) -> None:
    home = tmp_path / ".lmstudio"
    home.mkdir()
    (home / "settings.json").write_text(f'{{"downloadsFolder": "{folder}"}}')
    assert list(found(Places(tmp_path, {}, system=System.LINUX, root=tmp_path / "none"))) == []


# --- folders and files that go away or change meanwhile ---------------------------------------


def test_a_models_folder_whose_disk_is_away_is_said_and_not_made_anew(
    room: Room, models: Models, tmp_path: Path
) -> None:
    stick = tmp_path / "stick" / "models"
    stick.mkdir(parents=True)
    room.keep_in(stick)
    room.put("mine.gguf")
    assert room.shelf.notice is None
    stick.rename(tmp_path / "away")
    assert room.names() == ["guide"]
    assert room.shelf.notice is not None
    with pytest.raises(StorageError):
        room.shelf.import_file(models.llama, ImportHow.COPY, nobody, Event())
    assert not stick.exists()
    (tmp_path / "away").rename(stick)
    assert room.shelf.notice is None
    assert room.names() == ["guide", "mine"]


def test_what_is_being_downloaded_anew_is_not_deleted(room: Room) -> None:
    (file,) = room.put("owner/mine.gguf")
    entry = room.shelf.find("mine")
    with locked(file):
        part_path(file).write_bytes(b"GG")
        with pytest.raises(StorageError):
            room.shelf.delete(entry)
        assert file.exists()
        assert part_path(file).exists()
    lock_path(file).touch()  # what a killed process leaves
    room.shelf.delete(entry)
    assert not file.parent.exists()


def test_a_name_too_long_for_a_lock_beside_it_can_be_deleted(room: Room) -> None:
    name = "m" * 245
    (file,) = room.put(f"{name}.gguf")
    room.shelf.delete(room.shelf.find(name))
    assert not file.exists()


def test_a_deleted_link_spares_what_it_leads_to(room: Room, precious: Path) -> None:
    target = precious.with_name("far.gguf")
    target.write_bytes(room.sample.read_bytes())
    room.folder.mkdir(parents=True, exist_ok=True)
    (room.folder / "near.gguf").symlink_to(target)
    deleted = room.shelf.delete(room.shelf.find("near"))
    assert not os.path.lexists(room.folder / "near.gguf")
    room.shelf.undo(deleted)
    assert (room.folder / "near.gguf").is_symlink()
    room.shelf.delete(room.shelf.find("near"))
    room.shelf.empty_trash()
    assert target.exists()


@pytest.mark.timeout(30)
def test_a_file_that_is_written_while_it_is_checked_is_not_called_damaged(room: Room) -> None:
    (file,) = room.put("mine.gguf")
    room.shelf.remember_source([file], "hf", "a/b", "c", ["0" * 64])

    def write_on(_done: int, _total: int) -> None:
        with file.open("ab") as stream:
            stream.write(b"x")

    with pytest.raises(StorageError):
        room.shelf.verify(room.shelf.find("mine"), write_on, Event())


@pytest.mark.timeout(30)
@pytest.mark.parametrize("grows", [False, True])
def test_an_import_of_a_file_that_changes_meanwhile_leaves_nothing(
    room: Room, tmp_path: Path, grows: bool
) -> None:
    (file,) = room.put("far.gguf", folder=tmp_path / "far")

    def overwrite(_done: int, _total: int) -> None:
        with file.open("r+b") as stream:
            stream.seek(0 if grows else -1, os.SEEK_END)
            stream.write(b"x")
        os.utime(file, ns=(1, 1))

    with pytest.raises(StorageError):
        room.shelf.import_file(file, ImportHow.COPY, overwrite, Event())
    assert room.names() == ["guide"]
    assert list(room.folder.iterdir()) == []


def test_models_do_not_move_while_another_lapis_downloads(room: Room, tmp_path: Path) -> None:
    (file,) = room.put("owner/mine.gguf")
    with locked(file.with_name("next.gguf")), pytest.raises(StorageError):
        room.shelf.move_folder(tmp_path / "new", nobody, Event())
    assert file.exists()
    assert room.shelf.unfinished_move is None
    lock_path(file).touch()  # what a killed process leaves
    assert room.shelf.move_folder(tmp_path / "new", nobody, Event())
    assert (tmp_path / "new/owner/mine.gguf").exists()


def test_a_trash_that_was_emptied_by_hand_can_be_emptied(room: Room) -> None:
    room.put("mine.gguf")
    deleted = room.shelf.delete(room.shelf.find("mine"))
    shutil.rmtree(room.folder / ".trash" / deleted.key)
    room.shelf.empty_trash()
    assert room.shelf.deleted() == []
