"""An archive of an engine pack brings exactly what is listed, or nothing."""

import io
import lzma
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from desktop.backends.pack_archive import Unpacked, unpack
from desktop.domain.engine_pack import EnginePack
from desktop.domain.errors import DownloadError
from tests.harness.engine_packs import FILES, MODULE, RUNTIME, archive_of, listed, packed, plain


def opened(archive: bytes, folder: Path, pack: EnginePack | None = None) -> Path:
    """Unpack `archive` and return where to."""
    file, target = folder / "pack.tar.xz", folder / "inside" / "here"
    file.write_bytes(archive)
    target.mkdir(parents=True)
    unpack(file, pack or listed(archive), target, lambda _count: None, Event())
    return target


def test_all_that_is_listed_comes_out_and_may_only_be_read(tmp_path: Path) -> None:
    target = opened(archive_of(), tmp_path)

    assert {path.name: path.read_bytes() for path in target.iterdir()} == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in target.iterdir()} == {0o400}


def _link(kind: bytes, leads: str) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(MODULE)
    member.type, member.linkname = kind, leads
    return member, b""


def _larger() -> bytes:
    return packed([plain(RUNTIME, FILES[RUNTIME]), plain(MODULE, FILES[MODULE] + b"!")])


def _bomb() -> bytes:
    """Return an archive of some kilobytes that is many megabytes of zeros where a file is expected."""
    member, content = plain(RUNTIME, FILES[RUNTIME])
    squeezer = lzma.LZMACompressor()
    zeros = bytes(1 << 20)
    head = io.BytesIO()
    with tarfile.open(fileobj=head, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content))
    first = head.getvalue()[: 512 + -(-len(content) // 512) * 512]
    large, _ = plain(MODULE, b"")
    large.size = 1 << 26
    parts = [squeezer.compress(first + large.tobuf())]
    parts += [squeezer.compress(zeros) for _ in range(64)]
    return b"".join((*parts, squeezer.flush()))


def _long_header() -> bytes:
    """Return an archive whose first member has a name of fifty megabytes."""
    member, content = plain("n" * 50_000_000, b"")
    return packed([(member, content)])


def _whole() -> list[tuple[tarfile.TarInfo, bytes]]:
    return [plain(name, content) for name, content in FILES.items()]


HOSTILE: dict[str, Callable[[], bytes]] = {
    "other bytes": lambda: packed([*_whole()[:1], plain(MODULE, b"malice" * 5000)]),
    "one more": lambda: packed([*_whole(), plain("libevil.so", b"evil")]),
    "one less": lambda: packed(_whole()[:1]),
    "one twice": lambda: packed([*_whole(), _whole()[1]]),
    "a symbolic link": lambda: packed([_whole()[0], _link(tarfile.SYMTYPE, "/etc/passwd")]),
    "a hard link": lambda: packed([_whole()[0], _link(tarfile.LNKTYPE, RUNTIME)]),
    "a device": lambda: packed([_whole()[0], _link(tarfile.CHRTYPE, "")]),
    "a folder": lambda: packed([_whole()[0], _link(tarfile.DIRTYPE, "")]),
    "a way out": lambda: packed([_whole()[0], plain(f"../{MODULE}", FILES[MODULE])]),
    "an absolute path": lambda: packed([_whole()[0], plain(f"/opt/{MODULE}", FILES[MODULE])]),
    "a folder inside": lambda: packed([_whole()[0], plain(f"a/{MODULE}", FILES[MODULE])]),
    "longer than listed": _larger,
    "a bomb": _bomb,
    "a bomb of names": _long_header,
    "cut off": lambda: archive_of()[:-200],
    "cut off early": lambda: archive_of()[:100],
    "nothing": lambda: b"",
    "no archive": lambda: b"<html>log in</html>",
    "no tar": lambda: lzma.compress(b"hello" * 1000),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_archive_that_is_not_the_listed_one_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not the listed pack"):
        opened(HOSTILE[kind](), tmp_path, listed(archive_of()))

    inside = tmp_path / "inside"
    assert {path.name for path in inside.iterdir()} == {"here"}
    assert {path.name for path in (inside / "here").iterdir()} <= set(FILES)
    assert all(path.stat().st_size <= len(FILES[path.name]) for path in (inside / "here").iterdir())


def test_it_can_be_stopped_in_the_middle(tmp_path: Path) -> None:
    archive, stop = archive_of(), Event()
    (tmp_path / "pack").write_bytes(archive)
    (tmp_path / "here").mkdir()

    with pytest.raises(Unpacked):
        unpack(tmp_path / "pack", listed(archive), tmp_path / "here", lambda _: stop.set(), stop)
