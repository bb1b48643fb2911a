"""What Lapis imports only when it needs it, and what its libraries import by name, as data.

A program that was packed finds out here that something was left behind, and not when a person first
asks for it. `tests/unit/test_selftest.py` holds the list against the imports of the program.
"""

import sys
from pathlib import Path
from typing import Final

import desktop

__all__ = ["libraries", "own_modules"]

_EVERYWHERE: Final = (
    "certifi",
    "charset_normalizer",
    "cryptography.exceptions",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "fastapi",
    "fastapi.exceptions",
    "fastapi.security",
    "h11",
    "httpcore",
    "httpx",
    "httpx2",
    "jinja2",
    "jinja2.ext",
    "jinja2.parser",
    "jinja2.sandbox",
    "keyring.backend",
    "keyring.errors",
    "markdown_it",
    "mdit_py_plugins.dollarmath.index",
    "mdit_py_plugins.footnote",
    "msgspec",
    "ollama",
    "openai",
    "platformdirs",
    "psutil",
    "pygments.lexers",
    "pypdfium2",
    "PySide6.QtCore",
    "PySide6.QtGui",
    "PySide6.QtNetwork",
    "PySide6.QtSvg",
    "PySide6.QtWidgets",
    "rich.cells",
    "send2trash",
    "shiboken6",
    "starlette.exceptions",
    "starlette.requests",
    "starlette.responses",
    "starlette.routing",
    "starlette.types",
    "swagger_ui_bundle",
    "typer",
    "typer.core",
    "uvicorn.config",
    "uvicorn.protocols.http.flow_control",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.server",
    "ziafont.fonttypes",
    "ziafont.glyph",
    "ziamath.config",
    "ziamath.tex",
    "ziamath.zmath",
    # Asked for by other libraries, by a name.
    "socksio",
    "uvicorn.lifespan.off",
)
_BY_SYSTEM: Final = {
    "darwin": ("enchant", "keyring.backends.macOS"),
    "linux": (
        "jeepney.auth",
        "jeepney.io.blocking",
        "keyring.backends.SecretService",
        "keyring.backends.kwallet",
        "PySide6.QtDBus",
        "secretstorage",
        "xcffib.xproto",
        "xcffib.xtest",
    ),
    "win32": ("enchant", "keyring.backends.Windows", "win32ctypes.pywin32.win32cred"),
}


def libraries(system: str = sys.platform) -> tuple[str, ...]:
    """Return the modules of libraries that Lapis may ask for on `system`, heavy ones too."""
    return tuple(sorted((*_EVERYWHERE, *_BY_SYSTEM.get(system, ())), key=str.casefold))


def own_modules(package: Path = Path(desktop.__file__).parent) -> tuple[str, ...]:
    """Return every module of Lapis that is here, by its file, but the one that is a program.

    Frozen programs have their modules as files, too, but compiled ones without the source.
    """
    files = (
        path.relative_to(package.parent).with_suffix("")
        for pattern in ("*.py", "*.pyc")
        for path in package.rglob(pattern)
        if "__pycache__" not in path.parts
    )
    names = {".".join(path.parts).removesuffix(".__init__") for path in files}
    return tuple(sorted(names - {"desktop", "desktop.__main__"}))
