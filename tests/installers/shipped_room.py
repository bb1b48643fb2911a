"""A Python that sees the shipped llama.cpp, and what planted libraries and old processors need.

Everything runs in real processes: the tests' own one has the developer's build.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installers.dev import gpu
from installers.dev.places import ROOT, Environment

MARK = "LAPIS_TEST_MARK"
EMULATOR = "qemu-x86_64"
# Whoever loads it leaves a mark, before anything of it is asked for.
_EVIL = """
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void leave_a_mark(void) {
    FILE *mark = fopen(getenv("%s"), "a");
    if (mark) { fputs("loaded\\n", mark); fclose(mark); }
}
"""
# The engine as Lapis starts it: our parent, its child, an answer. Argument 3: what runs the child.
_ASK = """
import dataclasses, json, sys
from pathlib import Path
from desktop.backends.trial import find_devices, try_plan
from desktop.base.paths import resources
from desktop.domain.chat import ChatRequest, Message, Role, Sampling
from desktop.domain.model import LoadPlan
folder, tokens = Path(sys.argv[1]), int(sys.argv[2])
sys.executable = sys.argv[3] or sys.executable
plan = LoadPlan(
    path=resources() / "guide" / "guide.gguf", n_ctx=512, n_gpu_layers=0, threads=2, slots=1
)
question = Message(Role.USER, "Which model suits my computer?")
request = ChatRequest((question,), Sampling(temperature=0, max_tokens=tokens), keep_state=False)
devices = find_devices(folder, 300.0)
tried = try_plan(folder, plan, request, 300.0)
print(json.dumps({
    "libraries": [device.library for device in devices if device.kind == "cpu"],
    "text": tried.text, "tokens_per_second": tried.tokens_per_second, "load_ms": tried.load_ms,
}))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an engine said: the library that computed, the text, how fast."""

    library: str
    text: str
    tokens_per_second: float


@dataclass(frozen=True, slots=True)
class Seeing:
    """An environment whose interpreter is a file of its own, so that things can lie beside it."""

    environment: Environment

    @property
    def folder(self) -> Path:
        """Where the interpreter lies, which llama.cpp calls the folder of the executable."""
        return self.environment.python.parent

    def run(
        self, code: str, *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `code`; nobody checks how it ends."""
        command = [str(self.environment.python), "-c", code, *arguments]
        # By this and nothing else our packages are found, whatever the working directory.
        own = {"PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"}
        return subprocess.run(
            command,
            cwd=cwd,
            env={**os.environ, **own, **(variables or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(
        self,
        work: Path,
        *,
        cwd: Path | None = None,
        tokens: int = 8,
        child: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Answer:
        """Have the guide answer in an engine process; `child` is run in the interpreter's place."""
        work.mkdir(exist_ok=True)
        program = "" if child is None else str(child)
        done = self.run(_ASK, str(work), str(tokens), program, cwd=cwd or work, variables=variables)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        (library,) = said["libraries"]
        return Answer(library, said["text"].strip(), said["tokens_per_second"])


def seeing(folder: Path, build: Path) -> Seeing:
    """Make an environment in `folder` that sees `build`."""
    base = Path(getattr(sys, "_base_executable", "") or sys.executable)
    subprocess.run([base, "-m", "venv", "--copies", "--without-pip", folder], check=True)
    place = Environment(folder)
    gpu.let_see(place, build)
    return Seeing(place)


def without_processors(build: Path, folder: Path) -> Path:
    """Return a copy of `build`, made of links, in which nothing computes."""
    shutil.copytree(
        build,
        folder,
        copy_function=os.link,
        ignore=shutil.ignore_patterns("libggml-cpu-*", "libggml-vulkan*"),
    )
    return folder


def evil_library(folder: Path) -> Path:
    """Compile a library that leaves a mark in the file that the variable `MARK` names."""
    source = folder / "evil.c"
    source.write_text(_EVIL % MARK, encoding="utf-8")
    library = folder / "evil.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def emulated(folder: Path, processor: str, program: Path) -> Path:
    """Return a program that runs `program` on an emulated `processor`."""
    wrapper = folder / f"python-on-{processor}"
    wrapper.write_text(
        f'#!/bin/sh\nexec {EMULATOR} -cpu {processor} "{program}" "$@"\n', encoding="utf-8"
    )
    wrapper.chmod(0o755)
    return wrapper


def emulated_bundle(bundle: Path, folder: Path, processor: str) -> Path:
    """Return the program of a copy of `bundle` that runs, with its children, on `processor`.

    A frozen program starts its children from the file `lapis` beside itself: that is made one that
    has the emulator run the real one. PyInstaller's loader would start itself anew to set its
    search path, and be out of the emulator; it is told that it has done so already.
    """
    shutil.copytree(bundle, folder, copy_function=os.link, symlinks=True)
    program, real = folder / "lapis", folder / "lapis.real"
    program.rename(real)
    program.write_text(
        "#!/bin/sh\n"
        f'export _PYI_ARCHIVE_FILE="{real}" _PYI_PARENT_PROCESS_LEVEL=-1\n'
        f'exec {EMULATOR} -cpu {processor} -E LD_LIBRARY_PATH="{folder / "_internal"}" "{real}" "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program
