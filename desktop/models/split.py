"""Files of models split over several: `name-00001-of-00003.gguf`, one beside the other."""

from pathlib import Path

from desktop.domain.split import split_stem


def split_name(path: Path) -> tuple[str, int, int] | None:
    """Return (name without the part, part from 1, number of parts), or None for a whole file."""
    return split_stem(path.stem)


def part_path(path: Path, part: int, count: int) -> Path:
    """Return where part `part` of `count` of the split model `path` must be: beside it."""
    named = split_name(path)
    stem = named[0] if named else path.stem
    return path.with_name(f"{stem}-{part:05d}-of-{count:05d}{path.suffix}")
