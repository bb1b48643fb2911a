"""Unpacking what was fetched and has the sum that is known, with every Python that Lapis runs on."""

import tarfile
from pathlib import Path


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar archive, packed or not, into `folder`; raises OSError or tarfile.TarError."""
    with tarfile.open(archive) as content:
        if hasattr(tarfile, "data_filter"):
            content.extractall(folder, filter="data")
        else:
            # Python 3.11.2, which Debian 12 has, knows no filters.
            content.extractall(folder)  # noqa: S202 - its sum was checked
