"""`python -m installers.release.checksums FOLDER`: SHA256SUMS over everything that is given out.

In the form that `sha256sum --check SHA256SUMS` reads, on every system.
"""

import hashlib
import sys
from pathlib import Path

NAME = "SHA256SUMS"


def checksums(folder: Path) -> str:
    """Return one line for each file of `folder`, by name; raises ValueError if it has none."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != NAME)
    if not files:
        raise ValueError(f"{folder} holds nothing to be given out.")
    return "".join(f"{_sha256(path)}  {path.name}\n" for path in files)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main(arguments: list[str]) -> int:
    """Write the file into the folder that is named, and print it."""
    folder = Path(arguments[0] if arguments else "dist")
    try:
        text = checksums(folder)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    (folder / NAME).write_text(text, encoding="ascii", newline="\n")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
