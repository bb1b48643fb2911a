"""Examining Lapis and the computer it runs on: what works, what does not, and what to do about it.

Plain functions for one thread. Everything is looked at as it is and nothing is changed or made;
no chat text and no secret becomes part of a finding, and of the settings only which servers there
are on this computer. What belongs to the engine is tried out in processes of its own
(`services.doctor_engine`).
"""

import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import desktop
from desktop.backends import pack_folder
from desktop.backends.libraries import bindings_version, ggml_version
from desktop.base.paths import Paths, resources
from desktop.config.distribution import read_distribution
from desktop.domain.distribution import Kind
from desktop.domain.health import Finding, State
from desktop.domain.quantities import sized
from desktop.domain.text import Text, Value, verbatim
from desktop.models.hardware import memory, usable_cores
from desktop.models.processor import processor
from desktop.services.doctor_connections import examine_connections
from desktop.services.doctor_desktop import examine_desktop
from desktop.services.doctor_engine import examine_engine
from desktop.services.doctor_packs import examine_packs
from desktop.services.doctor_storage import examine_storage
from desktop.services.network_log import NetworkLog

_LITTLE_MEMORY = 1_000_000_000
_PACKAGES: Final = {
    Kind.SOURCE: Text("from source"),
    Kind.DEB: Text("as a package for Debian and Ubuntu"),
    Kind.RPM: Text("as an RPM package"),
    Kind.TAR: Text("from an archive"),
    Kind.APPIMAGE: Text("as an AppImage"),
    Kind.FLATPAK: Text("as a Flatpak"),
    Kind.WINDOWS: Text("by the installer for Windows"),
    Kind.MACOS: Text("as an app for macOS"),
}


def examine(paths: Paths) -> Generator[Finding, None, None]:
    """Yield what is found, as it is found; takes seconds, at most a minute for each device.

    Engine processes work in a temporary folder, so that a broken data folder hides nothing.
    """
    yield from _programs()
    yield _processor()
    yield _memory()
    guide = resources() / "guide" / "guide.gguf"
    with tempfile.TemporaryDirectory(prefix="lapis-doctor-") as folder:
        pack_folder.use(Path(folder), pack_folder.in_use(paths.engine))
        yield from examine_engine(Path(folder), guide)
    yield from examine_packs(paths)
    yield from examine_storage(paths)
    log = NetworkLog(paths.network_log).note
    yield from examine_connections(paths.settings, os.environ, log)
    yield from examine_desktop(paths)


def _programs() -> Iterator[Finding]:
    yield Finding(
        "program.lapis",
        verbatim("Lapis"),
        State.OK,
        Text(
            "{version}, on Python {python}, {system}",
            {
                "version": desktop.__version__,
                "python": platform.python_version(),
                "system": platform.platform(terse=True),
            },
        ),
        facts={
            "version": desktop.__version__,
            "python": platform.python_version(),
            "system": platform.platform(),
        },
    )
    yield _package()
    bindings, ggml = bindings_version(), ggml_version()
    if bindings:
        detail = f"llama-cpp-python {bindings}" + (f" · ggml {ggml}" if ggml else "")
        yield Finding(
            "program.llama",
            verbatim("llama.cpp"),
            State.OK,
            verbatim(detail),
            facts={"llama_cpp_python": bindings, "ggml": ggml},
        )
    else:
        yield Finding(
            "program.llama",
            verbatim("llama.cpp"),
            State.BAD,
            Text("not installed, so no model can answer"),
            Text("Install Lapis again."),
        )
    yield _qt()


def _package() -> Finding:
    kind, frozen = read_distribution().kind, bool(getattr(sys, "frozen", False))
    detail = _PACKAGES[kind]
    if kind is Kind.SOURCE and frozen:
        detail = Text("as a program of its own, by nobody's installer")
    return Finding(
        "program.package",
        Text("Installation"),
        State.OK,
        detail,
        facts={"kind": kind.value, "frozen": frozen},
    )


def _qt() -> Finding:
    try:
        version = importlib.metadata.version("PySide6-Essentials")
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            "program.qt",
            verbatim("Qt"),
            State.WARNING,
            Text("not installed, so there is no window"),
            Text("Install Lapis again, or stay in the terminal: lapis chat"),
        )
    return Finding(
        "program.qt",
        verbatim("Qt"),
        State.OK,
        verbatim(version),
        facts={"version": version},
    )


def _processor() -> Finding:
    found, cores = processor(), usable_cores()
    values: dict[str, Value] = {
        "name": found.name,
        "cores": cores,
        "features": found.instructions,
    }
    detail = Text("{name}; cores that Lapis uses: {cores}", values)
    if found.instructions:
        detail = Text("{name}; cores that Lapis uses: {cores}; {features}", values)
    return Finding(
        "computer.processor",
        Text("Processor"),
        State.OK,
        detail,
        facts={
            "name": found.name,
            "features": list(found.features),
            "usable_cores": cores,
            "performance_cores": found.performance_cores,
            "efficiency_cores": found.efficiency_cores,
            "logical_cores": os.cpu_count() or 0,
        },
    )


def _memory() -> Finding:
    now = memory()
    little = now.available < _LITTLE_MEMORY
    return Finding(
        "computer.memory",
        Text("Memory"),
        State.WARNING if little else State.OK,
        Text(
            "{free} of {total} are free",
            {"free": sized(now.available), "total": sized(now.total)},
        ),
        Text("Close other programs before you load a large model.") if little else None,
        facts={"available": now.available, "total": now.total},
    )
