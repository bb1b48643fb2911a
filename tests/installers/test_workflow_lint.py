"""The workflow in the eyes of linters: GitHub's schema, zizmor's audits, shellcheck on its scripts.

actionlint is a program that no package archive we use has in a recent version; the schema and the
audits find what it would. What the workflow calls is checked in tests/unit/test_workflow.py.
"""

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from installers.dev.places import ROOT

_RUN = re.compile(
    r"^      - name: (?P<name>.*)\n(?:(?:        (?!run:).*)?\n)*?"
    r"        run: (?:\|\n(?P<block>(?:(?: {10}.*)?\n)+)|(?P<line>.+))",
    re.MULTILINE,
)
_FILE = ROOT / ".github" / "workflows" / "build.yml"


def _tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _scripts() -> Iterator[tuple[str, str]]:
    """Yield each step's name and script; the file is written so that this can be read off it."""
    for found in _RUN.finditer(_FILE.read_text(encoding="utf-8")):
        script = found["block"] or found["line"]
        yield found["name"], textwrap.dedent(script)


def _must_pass(command: list[str], words: str = "") -> None:
    done = subprocess.run(command, input=words, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_fits_the_schema_of_workflows() -> None:
    tool = _tool("check-jsonschema")

    _must_pass([tool, "--builtin-schema", "vendor.github-workflows", str(_FILE)])


def test_no_audit_finds_anything() -> None:
    _must_pass([_tool("zizmor"), "--offline", "--no-progress", "--persona=auditor", str(_FILE)])


@pytest.mark.parametrize(("name", "script"), [pytest.param(*one, id=one[0]) for one in _scripts()])
def test_shellcheck_has_no_remark_on_a_script(name: str, script: str) -> None:
    _must_pass([_tool("shellcheck"), "--shell=bash", "-"], script)
