"""The list of models and finding one by what a person typed."""

import os
from pathlib import Path

import pytest

from desktop.domain.errors import LapisError, ModelFileError, ModelNotFound
from desktop.models.library import GUIDE_NAME, Library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "models"
    path.mkdir()
    return path


@pytest.fixture
def library(folder: Path, tmp_path: Path) -> Library:
    guide = tmp_path / "guide.gguf"
    guide.write_bytes(bytes(10))
    return Library(folder, guide)


def put(folder: Path, *names: str, size: int = 100) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))


def names(library: Library) -> list[str]:
    return [model.name for model in library.models()]


def test_the_guide_comes_first_and_is_all_there_is_at_the_start(library: Library) -> None:
    (guide,) = library.models()

    assert (guide.name, guide.is_guide, guide.size) == (GUIDE_NAME, True, 10)


def test_a_folder_that_does_not_exist_holds_no_models(tmp_path: Path) -> None:
    library = Library(tmp_path / "none", tmp_path / "guide.gguf")

    assert names(library) == ["guide"]
    assert library.models()[0].size == 0


def test_models_are_sorted_by_name_at_any_depth(folder: Path, library: Library) -> None:
    put(folder, "zephyr.gguf", "Alpha.GGUF", "sub/deep/beta.gguf")

    assert names(library) == ["guide", "Alpha", "beta", "zephyr"]
    assert library.models()[1].size == 100


def test_what_is_no_whole_model_is_not_listed(folder: Path, library: Library) -> None:
    put(folder, "a.gguf", "notes.txt", ".hidden.gguf", ".cache/b.gguf")
    put(folder, "mmproj-a.gguf", "A-BF16-mmproj.gguf", "a.gguf.part")

    assert names(library) == ["guide", "a"]


def test_a_split_model_is_listed_once_with_the_size_of_all_parts(
    folder: Path, library: Library
) -> None:
    put(folder, *(f"big-0000{part}-of-00003.gguf" for part in (1, 2, 3)))

    (_, big) = library.models()

    assert (big.name, big.size) == ("big", 300)
    assert big.path.name == "big-00001-of-00003.gguf"


def test_models_of_the_same_name_can_be_told_apart(folder: Path, library: Library) -> None:
    put(folder, "a.gguf", "one/a.gguf", "two/a.gguf", "guide.gguf")

    listed = names(library)

    assert listed == ["guide", "a", "a.gguf", "guide.gguf", "two/a.gguf"]
    assert library.find("guide").is_guide
    assert library.find("two/a.gguf").path == folder / "two" / "a.gguf"


@pytest.mark.skipif(os.name == "nt", reason="such names and pipes do not exist on Windows")
def test_broken_things_in_the_folder_do_not_stop_the_list(folder: Path, library: Library) -> None:
    put(folder, "good.gguf")
    (folder / "dangling.gguf").symlink_to(folder / "nowhere")
    (folder / "circle.gguf").symlink_to(folder / "circle.gguf")
    (folder / "folder.gguf").mkdir()
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.gguf")
    put(folder, "bad\x1b[2J\n.gguf", os.fsdecode(b"caf\xe9.gguf"))

    listed = names(library)

    assert [name for name in listed if "good" in name] == ["good"]
    assert all(name.isprintable() and name.encode() for name in listed)
    assert library.find("caf\ufffd").path == folder / os.fsdecode(b"caf\xe9.gguf")


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_a_linked_folder_is_followed(folder: Path, library: Library, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "far.gguf")
    (folder / "disk").symlink_to(tmp_path / "elsewhere")

    assert names(library) == ["guide", "far"]


@pytest.mark.parametrize(
    "typed",
    [
        "gemma-2-9b-it-Q4_K_M",
        "GEMMA-2-9B-IT-q4_k_m",
        "gemma-2-9b-it-Q4_K_M.gguf",
        "gemma",
        " gemma-2-9b-it-Q4_K_M ",
    ],
)
def test_a_model_is_found_by_its_name_or_its_beginning(
    typed: str, folder: Path, library: Library
) -> None:
    put(folder, "gemma-2-9b-it-Q4_K_M.gguf", "qwen.gguf")

    assert library.find(typed).path == folder / "gemma-2-9b-it-Q4_K_M.gguf"


def test_nothing_typed_is_the_guide(library: Library) -> None:
    assert library.find("").is_guide
    assert library.find("  Guide ").is_guide


def test_any_file_is_found_by_its_path(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "elsewhere/own.gguf", "elsewhere/odd-name")
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    own = tmp_path / "elsewhere" / "own.gguf"

    assert library.find(str(own)).path == own
    assert library.find("own.gguf").path == own
    assert library.find("~/elsewhere/own.gguf").path == own
    assert library.find("odd-name").path == tmp_path / "elsewhere" / "odd-name"
    assert library.find(str(tmp_path / "guide.gguf")).is_guide


def test_a_path_that_leads_to_no_file_is_explained(library: Library, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as missing:
        library.find(str(tmp_path / "none.gguf"))
    with pytest.raises(ModelFileError) as is_folder:
        library.find(str(tmp_path))

    assert str(missing.value.title) == "This model file does not exist"
    assert str(is_folder.value.title) == "This is a folder, not a model file"


def test_an_ambiguous_beginning_names_the_choices(folder: Path, library: Library) -> None:
    put(folder, "gemma-2-2b.gguf", "gemma-2-9b.gguf", "qwen.gguf")

    with pytest.raises(ModelNotFound) as caught:
        library.find("gemma")

    assert str(caught.value.title) == "Several models begin with gemma"
    assert str(caught.value.hint) == "Choose one of: gemma-2-2b, gemma-2-9b."


def test_a_misspelt_name_suggests_the_nearest(folder: Path, library: Library) -> None:
    put(folder, "Gemma-2-2b.gguf", "qwen.gguf")

    with pytest.raises(ModelNotFound) as caught:
        library.find("gema-2-2b")

    assert str(caught.value.hint) == "Did you mean: Gemma-2-2b?"


def test_files_opened_from_elsewhere_follow_and_are_found_by_name(
    folder: Path, tmp_path: Path
) -> None:
    far = tmp_path / "far"
    put(folder, "a.gguf", "zebra.gguf")
    put(far, "new.gguf", "a.gguf", "old-big-00001-of-00002.gguf", "old-big-00002-of-00002.gguf")
    guide = tmp_path / "guide.gguf"
    put(tmp_path, "guide.gguf")
    opened = [
        far / "new.gguf",
        folder / "zebra.gguf",
        far / "gone.gguf",
        far / "a.gguf",
        guide,
        far / ".." / "far" / "new.gguf",
        far / "old-big-00001-of-00002.gguf",
    ]
    library = Library(folder, guide, map(str, opened))

    assert names(library) == ["guide", "a", "zebra", "new", "a.gguf", "old-big"]
    assert library.find("new").path == far / "new.gguf"
    assert library.find("old").size == 200
    assert library.find("a").path == folder / "a.gguf"
    assert library.find("a.gguf").path == far / "a.gguf"
    assert library.find(str(far / "a.gguf")) == library.models()[4]


@pytest.mark.parametrize("typed", ["zzzz", "x" * 5000, "nul\0", "~nobody-of-that-name", "\ud800"])
def test_anything_else_is_not_found_and_says_what_to_do(typed: str, library: Library) -> None:
    with pytest.raises(LapisError) as caught:
        library.find(typed)

    assert str(caught.value.hint)
    assert len(str(caught.value.title)) < 120


def test_a_split_model_that_lacks_a_part_is_not_offered(folder: Path, library: Library) -> None:
    put(folder, "big-00001-of-00003.gguf", "big-00003-of-00003.gguf", "endless-00001-of-99999.gguf")
    put(folder, "big-00002-of-00003.gguf.part")
    assert names(library) == ["guide"]

    put(folder, "big-00002-of-00003.gguf")
    assert names(library) == ["guide", "big"]


def test_while_models_are_moved_those_of_both_folders_are_listed_once(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    put(old, "a.gguf", "b/b.gguf", "big-00002-of-00002.gguf")
    put(new, "a.gguf", "c.gguf", "big-00001-of-00002.gguf", "big-00002-of-00002.gguf")
    library = Library(old, tmp_path / "guide.gguf", other_half=new)

    found = {model.name: model.path.parent for model in library.models()[1:]}

    assert found == {"a": old, "b": old / "b", "big": new, "c": new}


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_folders_that_lead_into_each_other_are_listed_once(folder: Path, library: Library) -> None:
    put(folder, "one/a.gguf", "two/b.gguf")
    (folder / "one" / "to-two").symlink_to(folder / "two")
    (folder / "two" / "to-one").symlink_to(folder / "one")

    assert names(library) == ["guide", "a", "b"]
