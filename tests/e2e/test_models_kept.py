"""`lapis models ls`, `show`, `import`, `rm`, `verify`, `scan`: over real files, and without a network."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from desktop.config.store import SettingsStore
from tests.e2e.models_room import PULL, Q4, TINY, ModelsRoom
from tests.gguf_files import write_llama
from tests.harness.models import Models


@pytest.fixture
def sample(models: Models, tmp_path: Path) -> Path:
    """Return a model file outside the models folder."""
    (tmp_path / "downloads").mkdir()
    return Path(shutil.copy(models.llama, tmp_path / "downloads" / "sample-Q8_0.gguf"))


def put(room: ModelsRoom, sample: Path, name: str) -> Path:
    folder = room.paths.models / Path(name).stem
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(sample, folder / name))


def names(room: ModelsRoom, command: str = "ls") -> list[str]:
    return [each["name"] for each in room.told(command)]


def ollama_model(home: Path, weights: bytes) -> Path:
    """Write what `ollama pull gemma2:2b` leaves, and return the blob."""
    store = home / ".ollama" / "models"
    (store / "blobs").mkdir(parents=True)

    def blob(content: bytes) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        (store / "blobs" / f"sha256-{digest}").write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    config = json.dumps({"model_format": "gguf", "model_family": "llama"}).encode()
    kind = "application/vnd.ollama.image.model"
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json"} | blob(config),
        "layers": [{"mediaType": kind} | blob(weights)],
    }
    place = store / "manifests" / "registry.ollama.ai" / "library" / "gemma2" / "2b"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(manifest))
    return store / "blobs" / f"sha256-{hashlib.sha256(weights).hexdigest()}"


def lm_studio_model(home: Path, sample: Path) -> Path:
    folder = home / ".lmstudio" / "models" / "maker" / "theirs-GGUF"
    folder.mkdir(parents=True)
    return Path(shutil.copy(sample, folder / "theirs-Q4_K_M.gguf"))


# search, files


def test_a_search_tells_what_the_hub_and_the_catalogue_have(models_room: ModelsRoom) -> None:
    told = models_room.told("search", "owner", "tiny")
    assert told["reached"] is True
    assert [(each["name"], each["downloads"]) for each in told["repositories"]] == [(TINY, 1234)]

    told = models_room.told("search", "gemma")
    assert "gemma-2-2b-it" in [each["id"] for each in told["catalogue"]]
    shown = models_room.run("search", "gemma").stdout
    assert "gemma-2-2b-it" in shown


def test_files_are_told_to_programs_with_sizes_hashes_and_fit(models_room: ModelsRoom) -> None:
    told = models_room.told("files", TINY)

    assert (told["name"], told["gated"]) == (TINY, False)
    assert [each["quantisation"] for each in told["models"]] == ["Q2_K", "Q4_K_M", "Q8_0"]
    middle = told["models"][1]
    assert middle["files"] == [{"path": Q4.path, "size": Q4.size, "sha256": Q4.sha256}]
    assert {each["fit"] for each in told["models"]} == {"fits"}
    assert told["recommended"] in {"Q2_K", "Q4_K_M", "Q8_0"}


def test_the_recommended_file_is_marked(models_room: ModelsRoom) -> None:
    recommended = models_room.told("files", TINY)["recommended"]

    done = models_room.run("files", TINY)

    marked = [line for line in done.stdout.splitlines() if line.startswith("★")]
    assert [line.split()[1] for line in marked] == [recommended]
    assert f"lapis models pull {TINY}:{recommended}" in done.stderr


# ls, show


def test_a_library_of_300_files_and_broken_ones_is_listed(
    models_room: ModelsRoom, sample: Path
) -> None:
    for number in range(290):
        put(models_room, sample, f"model-{number:03d}-Q4_K_M.gguf")
    for number in range(10):
        put(models_room, sample, f"broken-{number}.gguf").write_bytes(b"GGUF" * number)

    told = models_room.told("ls")

    assert len(told) == 301
    broken = [each for each in told if each["name"].startswith("broken-")]
    assert len(broken) == 10
    assert all(each["problem"] for each in broken)
    assert not any(each["problem"] for each in told if each not in broken)
    done = models_room.run("ls")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 302
    assert all(line == line.rstrip() for line in done.stdout.splitlines())


def test_everything_about_one_model_is_shown(models_room: ModelsRoom) -> None:
    models_room.run(*PULL)

    told = models_room.told("show", "tiny-q4")
    assert told["files"] == [str(models_room.target)]
    assert (told["size"], told["sha256"]) == (Q4.size, Q4.sha256)
    assert (told["installed"], told["origin"], told["architecture"]) == (True, "lapis", "llama")
    # A path is never broken in two.
    assert str(models_room.target) in models_room.run("show", "tiny-q4").stdout


def test_a_model_of_the_catalogue_is_shown_also_when_it_is_not_here(
    models_room: ModelsRoom,
) -> None:
    told = models_room.told("show", "gemma", "2", "2b", "it")
    assert (told["id"], told["installed"]) == ("gemma-2-2b-it", False)
    done = models_room.run("show", "gemma-2-2b-it")
    assert "8K" in done.stdout
    assert "not on this computer" in done.stderr
    assert "lapis models pull gemma-2-2b-it" in done.stderr


def test_names_of_any_script_and_with_spaces_are_found(
    models_room: ModelsRoom, sample: Path
) -> None:
    put(models_room, sample, "我的 模型 Q4_K_M.gguf")

    told = models_room.told("show", "我的", "模型", "Q4_K_M")

    assert told["name"] == "我的 模型 Q4_K_M"
    assert models_room.run("verify", "我的", "模型").returncode == 0
    assert models_room.run("rm", "我的", "模型", "Q4_K_M").returncode == 0
    assert names(models_room) == ["guide"]


# import


def test_an_imported_file_is_linked_and_stays_where_it_was(
    models_room: ModelsRoom, sample: Path
) -> None:
    done = models_room.run("import", str(sample))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "sample-Q8_0 is ready: lapis chat -m sample-Q8_0\n"
    [name] = models_room.files()
    assert (models_room.paths.models / name).samefile(sample)


def test_an_imported_copy_is_a_file_of_its_own(models_room: ModelsRoom, sample: Path) -> None:
    assert models_room.run("import", "--copy", str(sample)).returncode == 0

    [name] = models_room.files()
    copy = models_room.paths.models / name
    assert not copy.samefile(sample)
    assert copy.read_bytes() == sample.read_bytes()


def test_a_file_imported_in_place_is_listed_and_not_moved(
    models_room: ModelsRoom, sample: Path
) -> None:
    assert models_room.run("import", "--in-place", str(sample)).returncode == 0

    assert models_room.files() == []
    assert models_room.told("ls")[1]["files"] == [str(sample)]
    assert SettingsStore(models_room.paths.settings).load().opened_models == (str(sample),)


def test_several_files_are_imported_and_a_bad_one_stops_no_other(
    models_room: ModelsRoom, sample: Path
) -> None:
    bad = sample.with_name("bad.gguf")
    bad.write_bytes(b"nothing")
    spaced = Path(shutil.copy(sample, sample.with_name("with two spaces.gguf")))

    done = models_room.run("import", str(bad), str(sample))
    assert done.returncode == 1
    assert "sample-Q8_0 is ready" in done.stdout
    # As a shell hands over a path that was not quoted.
    assert models_room.run("import", *str(spaced).split(" ")).returncode == 0
    assert names(models_room) == ["guide", "sample-Q8_0", "with two spaces"]


def test_a_name_that_is_taken_is_refused(models_room: ModelsRoom, sample: Path) -> None:
    models_room.run("import", str(sample))
    before = models_room.files()

    done = models_room.run("import", "--copy", str(sample))

    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 2
    assert models_room.files() == before


# rm


def test_a_removed_model_is_in_the_trash_of_the_home(models_room: ModelsRoom, sample: Path) -> None:
    trash = models_room.home / ".local" / "share" / "Trash"
    trash.mkdir(parents=True)
    put(models_room, sample, "mine-Q4_K_M.gguf")

    done = models_room.run("rm", "mine-Q4_K_M")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("mine-Q4_K_M, ")
    assert done.stdout.endswith(" is in the trash\n")
    assert [path.name for path in (trash / "files").iterdir()] == ["mine-Q4_K_M.gguf"]
    assert models_room.files() == []


def test_without_a_trash_a_removed_model_is_kept_until_it_is_emptied(
    models_room: ModelsRoom, sample: Path
) -> None:
    put(models_room, sample, "mine-Q4_K_M.gguf")

    done = models_room.run("rm", "mine-Q4_K_M", DISPLAY="")

    assert (done.returncode, done.stdout) == (0, "mine-Q4_K_M is deleted\n")
    assert "There is no trash here" in done.stderr
    assert names(models_room) == ["guide"]
    assert any(name.endswith("mine-Q4_K_M.gguf") for name in models_room.files())
    emptied = models_room.run("rm", "--empty")
    assert "are free again" in emptied.stdout
    assert models_room.files() == []


def test_what_is_not_ours_is_not_removed(models_room: ModelsRoom, sample: Path) -> None:
    theirs = lm_studio_model(models_room.home, sample)
    models_room.run("scan")
    models_room.run("import", "--in-place", str(sample))

    for name in ("guide", "theirs-Q4_K_M", "sample-Q8_0"):
        done = models_room.run("rm", name)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 2

    assert theirs.is_file()
    assert sample.is_file()


# verify


def test_a_flipped_byte_is_found(models_room: ModelsRoom) -> None:
    models_room.run(*PULL)
    good = models_room.run("verify", "tiny-Q4_K_M")
    assert good.returncode == 0
    assert "its SHA-256 is the published one" in good.stdout

    with models_room.target.open("r+b") as stream:
        stream.seek(-5, os.SEEK_END)
        old = stream.read(1)
        stream.seek(-5, os.SEEK_END)
        stream.write(bytes([old[0] ^ 1]))

    bad = models_room.run("verify", "tiny-Q4_K_M")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert "is not what its source published" in bad.stderr


def test_without_a_published_hash_that_is_said(models_room: ModelsRoom, sample: Path) -> None:
    put(models_room, sample, "mine-Q4_K_M.gguf")

    done = models_room.run("verify", "mine-Q4_K_M")

    assert done.returncode == 0
    assert "no published SHA-256 is known" in done.stdout


# scan


def test_models_of_other_programs_are_found_and_left_alone(
    models_room: ModelsRoom, sample: Path
) -> None:
    weights = write_llama(models_room.root / "other.gguf", answer="Hello").read_bytes()
    blob = ollama_model(models_room.home, weights)
    theirs = lm_studio_model(models_room.home, sample)
    before = {path: path.stat().st_mtime_ns for path in (blob, theirs)}

    found = {each["name"]: each for each in models_room.told("scan")}

    assert found["gemma2:2b"]["origin"] == "ollama"
    assert found["gemma2:2b"]["files"] == [str(blob)]
    assert found["theirs-Q4_K_M"]["origin"] == "lm_studio"
    listed = models_room.run("ls").stdout
    assert "LM Studio" in listed
    assert "Ollama" in listed
    assert {path: path.stat().st_mtime_ns for path in (blob, theirs)} == before


def test_where_no_other_program_has_models_that_is_said(models_room: ModelsRoom) -> None:
    done = models_room.run("scan")

    assert (done.returncode, done.stdout) == (0, "")
    assert "No models of other programs were found." in done.stderr


# All of them


def test_nothing_is_connected_by_what_needs_no_source(
    models_room: ModelsRoom, sample: Path
) -> None:
    for words in (
        ("scan",),
        ("import", str(sample)),
        ("ls",),
        ("show", "sample-Q8_0"),
        ("show", "gemma-2-2b-it"),
        ("verify", "sample-Q8_0"),
        ("rm", "sample-Q8_0"),
    ):
        assert models_room.run(*words).returncode == 0

    assert models_room.hub.log == []


@pytest.mark.parametrize("words", [("search", "gemma"), ("files", TINY), ("ls",), PULL])
def test_a_pipe_gets_no_escape_sequence(models_room: ModelsRoom, words: tuple[str, ...]) -> None:
    done = models_room.run(*words)

    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "\r" not in done.stdout + done.stderr


def test_a_settings_file_that_is_damaged_stops_nothing(models_room: ModelsRoom) -> None:
    models_room.paths.create()
    models_room.paths.settings.write_text("{")

    done = models_room.run("ls")

    assert done.returncode == 0
    assert "guide" in done.stdout
    assert done.stderr
