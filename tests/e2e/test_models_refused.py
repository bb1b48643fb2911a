"""What `lapis models` refuses: a title and a hint, exit code 1, and nothing written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.models_room import Q4, TINY, ModelsRoom
from tests.gguf_files import write_llama
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file

EVIL = "owner/evil-GGUF"
HOSTILE = (
    "../../outside-Q4_K_M.gguf",
    "/etc/absolute-Q4_K_M.gguf",
    "C:\\windows-Q4_K_M.gguf",
    "red\x1b[31m-Q4_K_M.gguf",
    "line\nbreak-Q4_K_M.gguf",
    "\u202efdp-Q4_K_M.gguf",
    ".hidden-Q4_K_M.gguf",
    "CON.gguf",
)


def assert_refused(room: ModelsRoom, words: tuple[str, ...], title: str, hint: str) -> None:
    done = room.run(*words)

    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    told, *rest = done.stderr.splitlines()
    assert title in told
    assert hint in "\n".join(rest)
    assert rest[0].startswith("  ")
    assert "\x1b" not in done.stderr
    assert room.files() == []


@pytest.mark.parametrize("command", ["pull", "files"])
@pytest.mark.parametrize(
    ("reference", "title", "hint"),
    [
        ("owner/missing-GGUF", "has no repository owner/missing-GGUF", "Check how it is written"),
        ("owner/private-GGUF", "has no repository owner/private-GGUF", "may also be private"),
        ("owner/words", "owner/words has no GGUF files to chat with", "others may have made them"),
        (f"{TINY}:Q5_K_M", f"{TINY} has no Q5_K_M", "It has: Q2_K, Q4_K_M, Q8_0."),
        (f"{TINY}/absent.gguf", "has no model file absent.gguf", "tiny-Q4_K_M.gguf"),
        (f"{TINY}:../x", "names no model", "owner/name"),
        (f"{TINY}:Q4 K M", "is not the name of a quantisation", f"{TINY}:Q4_K_M"),
        ("../../etc/passwd", "../../etc/passwd names no model", "owner/name"),
        ("owner/..", "owner/.. names no model", "owner/name"),
        ("owner/na\x1b[31mme", "names no model", "owner/name"),
        ("https://example.org/owner/name", "does not get models from example.org", "Hugging Face"),
        ("https://huggingface.co/datasets/a/b", "is not the page of a model", "owner/name"),
        ("file:///etc/passwd", "names no model", "owner/name"),
        ("llama3", "llama3 may mean several models", "Say which one"),
        ("no such thing", "No model of the catalogue is called no such thing", "owner/name"),
        ("x" * 3000, "No model of the catalogue is called", "owner/name"),
    ],
)
def test_what_names_nothing_is_explained(
    models_room: ModelsRoom, command: str, reference: str, title: str, hint: str
) -> None:
    assert_refused(models_room, (command, reference), title, hint)


def test_a_gated_model_says_so_before_anything_is_fetched(models_room: ModelsRoom) -> None:
    reference = ("pull", "owner/gated-GGUF")
    assert_refused(models_room, reference, "terms of owner/gated-GGUF must be accepted first", "")
    assert models_room.hub.ranges == []

    listed = models_room.run("files", "owner/gated-GGUF")
    assert listed.returncode == 0
    assert "Q4_K_M" in listed.stdout
    assert "must be accepted first" in listed.stderr


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_with_a_hostile_name_is_not_offered(models_room: ModelsRoom, name: str) -> None:
    models_room.hub.replace(HubRepository(EVIL, (gguf_file(name, 500_000),)))

    assert_refused(models_room, ("pull", EVIL), "has no GGUF files", "")
    assert_refused(models_room, ("pull", f"{EVIL}:Q4_K_M"), "has no GGUF files", "")


def test_hostile_names_beside_a_good_one_are_left_out(models_room: ModelsRoom) -> None:
    bad = tuple(gguf_file(name, 400_000 + n, n) for n, name in enumerate(HOSTILE))
    models_room.hub.replace(HubRepository(EVIL, (*bad, Q4)))

    told = models_room.told("files", EVIL)
    assert [each["files"][0]["path"] for each in told["models"]] == [Q4.path]
    assert models_room.run("pull", EVIL).returncode == 0
    assert [each.rpartition("/")[2] for each in models_room.files()] == [Q4.path]
    assert sorted(path.name for path in models_room.root.glob("*outside*")) == []


def test_half_of_a_split_model_is_not_offered(models_room: ModelsRoom) -> None:
    part = gguf_file("big-Q4_K_M-00001-of-00002.gguf", 500_000)
    models_room.hub.replace(HubRepository("owner/half-GGUF", (part,)))

    assert_refused(models_room, ("pull", "owner/half-GGUF"), "has no GGUF files", "")


def test_what_calls_itself_a_model_and_is_none_is_not_installed(models_room: ModelsRoom) -> None:
    page = HubFile("page-Q4_K_M.gguf", 500_000, head=b"<!DOCTYPE html>")
    models_room.hub.replace(HubRepository("owner/page-GGUF", (page,)))

    done = models_room.run("pull", "owner/page-GGUF")

    assert done.returncode == 1
    assert "is not a model file" in done.stderr
    assert [name for name in models_room.files() if name.endswith(".gguf")] == []


def _garbage(folder: Path) -> Path:
    file = folder / "garbage.gguf"
    file.write_bytes(b"PK\x03\x04" * 1000)
    return file


def _empty(folder: Path) -> Path:
    file = folder / "empty.gguf"
    file.touch()
    return file


def _truncated(folder: Path) -> Path:
    file = write_llama(folder / "short.gguf")
    file.write_bytes(file.read_bytes()[:-1000])
    return file


def _half(folder: Path) -> Path:
    first = write_llama(folder / "half.gguf", parts=2)
    first.with_name("half-00002-of-00002.gguf").unlink()
    return first


def _folder(folder: Path) -> Path:
    place = folder / "folder.gguf"
    place.mkdir()
    return place


def _nothing(folder: Path) -> Path:
    return folder / "nothing.gguf"


@pytest.mark.parametrize("how", [(), ("--copy",), ("--in-place",)])
@pytest.mark.parametrize("make", [_garbage, _empty, _truncated, _half, _folder, _nothing])
def test_an_import_that_is_no_whole_model_is_refused(
    models_room: ModelsRoom, make: Callable[[Path], Path], how: tuple[str, ...]
) -> None:
    file = make(models_room.root)

    done = models_room.run("import", str(file), *how)

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 2, done.stderr
    assert models_room.files() == []
    assert [each["name"] for each in models_room.told("ls")] == ["guide"]


@pytest.mark.parametrize("command", ["show", "rm", "verify"])
def test_a_name_that_nothing_has_is_explained(models_room: ModelsRoom, command: str) -> None:
    done = models_room.run(command, "no", "such", "thing")

    assert (done.returncode, done.stdout) == (1, "")
    assert "There is no model named no such thing" in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("pull",), "Which model?"),
        (("search",), "What should be looked for?"),
        (("files", TINY, "--source", "elsewhere"), "--source cannot be elsewhere"),
        (("import", "--copy", "--in-place", "x.gguf"), "--copy does not go together"),
        (("rm", "--empty", "x"), "--empty does not go together"),
        (("frob",), "There is no command models frob"),
    ],
)
def test_a_wrong_command_line_exits_with_two(
    models_room: ModelsRoom, words: tuple[str, ...], title: str
) -> None:
    done = models_room.run(*words)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(title)
