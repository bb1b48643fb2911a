"""A pack of the engine as the release writes it is one that Lapis lists and unpacks."""

import json
import sys
from pathlib import Path
from threading import Event

import jsonschema
import pytest

from desktop.backends.pack_archive import unpack
from desktop.base.paths import resources
from desktop.models.engine_packs import load_engine_packs
from installers.dev import cuda_pack
from installers.dev.console import StepFailed

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="no pack is made there")

ADDRESS = "https://example.invalid/releases/1"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "built"
    folder.mkdir()
    made = [folder / name for name in ("libcudart.so.13", "libggml-cuda.so")]
    for number, file in enumerate(made):
        file.write_bytes(bytes([number]) * 100_000)
    return made


def test_what_is_written_is_listed_and_unpacked_by_lapis(tmp_path: Path, files: list[Path]) -> None:
    cuda_pack.write(files, 13, ADDRESS, tmp_path / "dist")
    listed = tmp_path / "dist" / "engine_packs.json"
    schema = json.loads((resources() / "engine_packs.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(listed.read_text(encoding="utf-8")), schema)
    (pack,) = load_engine_packs(tmp_path / "dist")
    archive = tmp_path / "dist" / pack.archive
    assert pack.url == f"{ADDRESS}/{archive.name}"
    assert [file.name for file in pack.files] == ["libcudart.so.13", "libggml-cuda.so"]
    place = tmp_path / "unpacked"
    place.mkdir()
    unpack(archive, pack, place, lambda _count: None, Event())
    assert {file.name: file.read_bytes() for file in place.iterdir()} == {
        file.name: file.read_bytes() for file in files
    }


def test_the_same_libraries_give_the_same_archive(tmp_path: Path, files: list[Path]) -> None:
    for name in ("one", "other"):
        cuda_pack.write(files, 12, ADDRESS, tmp_path / name)
        files[0].touch()
    (one,), (other,) = (tuple((tmp_path / name).glob("*.tar.xz")) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("arguments", [[], ["http://example.invalid"], ["https://a b"], ["x", "y"]])
def test_a_pack_that_nobody_could_fetch_is_not_built(arguments: list[str]) -> None:
    with pytest.raises(StepFailed, match="Say where"):
        cuda_pack.make(arguments)


def test_the_backend_is_built_alone_and_for_any_card() -> None:
    options = cuda_pack.form().options
    assert {"-DGGML_CUDA=ON", "-DGGML_BACKEND_DL=ON", "-DGGML_NATIVE=OFF"} <= set(options)
    assert "-DGGML_VULKAN=ON" not in options
    assert "-DGGML_CPU_ALL_VARIANTS=ON" not in options
