"""`python -m tests.screenshots [SCENE …]`: the pictures, one Lapis for each theme and language."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from desktop.base.paths import resources
from desktop.domain.settings import Language, Theme
from tests.harness.hub.repositories import HubFile, HubRepository
from tests.harness.hub.server import HubServer
from tests.harness.ollama import OllamaModel, OllamaServer
from tests.harness.screen import Screen, virtual_screen
from tests.screenshots.home import HUB_MODEL, LABELS, Home, header
from tests.screenshots.scenes import SCENES

_ROOT: Final = resources().parent
_OUT: Final = _ROOT / "build" / "screenshots"
_KEPT: Final = resources() / "screenshots"
_IN_README: Final = ("window", "models", "popup")
_THEMES: Final = (Theme.LIGHT, Theme.DARK)
_LANGUAGES: Final = (Language.ENGLISH, Language.CHINESE)
_LARGEST_SCALE: Final = 3
_SECONDS: Final = 900
_BYTES_PER_SECOND: Final = 12_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """How Lapis looks in one set of pictures; `scale` as the desktop would set it."""

    theme: Theme
    language: Language
    scale: int

    @property
    def name(self) -> str:
        """The folder of the set."""
        scale = "" if self.scale == 1 else f"-{self.scale}00"
        return f"{self.language}-{self.theme}{scale}"


def main(arguments: list[str]) -> int:
    """Take the pictures; return 1 if one of the scenes failed."""
    options = _options(arguments)
    looks = [
        Look(theme, language, options.scale)
        for language in _LANGUAGES
        for theme in _THEMES
        if options.theme in (None, theme) and options.language in (None, language)
    ]
    failed = [look.name for look in looks if not _take(look, options.scenes)]
    if failed:
        print(f"Not all pictures could be taken: {', '.join(failed)}")
        return 1
    if options.readme:
        _renew(looks)
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.screenshots", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(SCENES))
    parser.add_argument("--theme", type=Theme, choices=_THEMES)
    parser.add_argument("--language", type=Language, choices=_LANGUAGES)
    parser.add_argument("--scale", type=int, default=1, choices=range(1, _LARGEST_SCALE + 1))
    parser.add_argument(
        "--readme", action="store_true", help="renew the pictures that README shows"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.scenes) - set(SCENES)
    if unknown:
        parser.error(f"no such scene: {', '.join(sorted(unknown))}")
    return options


def _take(look: Look, wanted: list[str]) -> bool:
    """Take the wanted pictures, or all; return whether each one could be taken."""
    out = _OUT / look.name
    out.mkdir(parents=True, exist_ok=True)
    scenes = wanted or list(SCENES)
    with tempfile.TemporaryDirectory(prefix="lapis-pictures-") as name:
        folder = Path(name)
        size, head = header(folder)
        files = tuple(
            HubFile(f"{HUB_MODEL}-{label}.gguf", int(size * share), head=head, sha256=f"{at:064x}")
            for at, (label, share) in enumerate(LABELS.items())
        )
        offered = [HubRepository(f"bartowski/{HUB_MODEL}-GGUF", files, downloads=412_345)]
        with (
            virtual_screen(folder, size=(1280 * look.scale, 800 * look.scale)) as screen,
            HubServer(offered) as hub,
            OllamaServer([OllamaModel("gemma2:9b"), OllamaModel("qwen3:8b")]) as ollama,
        ):
            # No download ends before its picture is taken.
            hub.faults.bytes_per_second = _BYTES_PER_SECOND
            more = {"HF_ENDPOINT": hub.endpoint, "OLLAMA_HOST": ollama.address}
            first = [name for name in scenes if SCENES[name].is_first]
            later = [name for name in scenes if not SCENES[name].is_first]
            done = True
            for number, names in enumerate((first, later)):
                if names:
                    home = Home(folder / f"home-{number}", look.language, look.theme)
                    home.furnish(is_first=names is first)
                    done = _run(screen, look, home, names, out, more) and done
    return done


def _run(
    screen: Screen, look: Look, home: Home, names: list[str], out: Path, more: dict[str, str]
) -> bool:
    print(f"{look.name}: {' '.join(names)}", flush=True)
    command = [sys.executable, "-m", "tests.screenshots.stage", str(out), ",".join(names)]
    done = subprocess.run(
        [*command, "--data-dir", str(home.data)],
        cwd=_ROOT,
        env={**screen.environment, "QT_SCALE_FACTOR": str(look.scale), **more},
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode == 0


def _renew(looks: list[Look]) -> None:
    """Put what README shows where it is kept."""
    for look in looks:
        theme = "" if look.theme is Theme.LIGHT else f"-{look.theme}"
        language = "" if look.language is Language.ENGLISH else f".{look.language}"
        for name in _IN_README:
            source = _OUT / look.name / f"{name}.png"
            if source.exists():
                shutil.copyfile(source, _KEPT / f"{name}{theme}{language}.png")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(main(sys.argv[1:]))
