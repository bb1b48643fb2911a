"""The bill of materials of the environment that is bundled: complete, valid, the same twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from installers.dev import sbom
from installers.dev.bundle import BUNDLE


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the bill; written through the library, which checks it against the schema."""
    folder = tmp_path_factory.mktemp("sbom")
    for name in ("one.json", "two.json"):
        sbom.write(BUNDLE, folder / name)
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()
    read: dict[str, Any] = json.loads((folder / "one.json").read_text(encoding="utf-8"))
    return read


def test_what_is_no_package_is_on_it(bill: dict[str, Any]) -> None:
    named = {one["name"]: one for one in bill["components"]}

    for name in ("Qt", "ICU", "OpenSSL", "SQLite", "llama.cpp", "CPython"):
        assert named[name]["version"], name
    (model,) = [one for one in bill["components"] if one["type"] == "machine-learning-model"]
    assert [each["alg"] for each in model["hashes"]] == ["SHA-256"]


def test_tools_that_made_the_bundle_are_not_on_it(bill: dict[str, Any]) -> None:
    named = {one["name"] for one in bill["components"]}

    assert {"httpx", "typer"} <= named
    assert not {"pyinstaller", "cyclonedx-python-lib", "numpy"} & named


def test_every_dependency_leads_to_a_component(bill: dict[str, Any]) -> None:
    references = {one["bom-ref"] for one in bill["components"]} | {"lapis-assistant"}
    asked = {to for one in bill["dependencies"] for to in one.get("dependsOn", [])}

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert asked <= references


def test_the_file_has_no_place_of_the_machine_that_wrote_it(bill: dict[str, Any]) -> None:
    assert str(Path.home()) not in json.dumps(bill)
    assert "timestamp" not in bill["metadata"]
