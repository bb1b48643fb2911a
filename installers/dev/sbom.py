"""The bill of materials of a bundle, in CycloneDX 1.6 JSON, for whoever has to know what is inside.

Written from the list that the licences come from, through the CycloneDX library, and checked against
the schema that comes with it. It holds no time and no chance: two builds write the same bytes. The
library's own command, `cyclonedx-py environment`, lists everything that is installed, the tools of
the bundling too, and knows nothing of what is no package; so the list is ours.
"""

import re
import sys
import tomllib
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from installers.dev.console import StepFailed, must, say
from installers.dev.package_part import Part
from installers.dev.places import ROOT, Environment, clean_environment

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

    from installers.dev.components import Parts

_NAME = "lapis-assistant"


def write(environment: Environment, path: Path) -> None:
    """Write the bill of materials for what `environment` holds to `path`. Raises StepFailed."""
    must(
        [environment.python, "-m", "installers.dev.sbom", path],
        cwd=ROOT,
        env=clean_environment(),
    )


def bill(parts: "Parts", roots: Iterable[str], version: str) -> str:
    """Return the bill as JSON; `roots` are the packages that Lapis itself asks for.

    Raises StepFailed where it does not fit the schema.
    """
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_DNS, f"{_NAME}-{version}-{sys.platform}"))
    lapis = Component(
        name=_NAME,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=_NAME,
        licenses=[LicenseFactory().make_from_string("MIT")],
    )
    bom.metadata.component = lapis
    bom.metadata.timestamp = None
    packages = {part.purl.partition("@")[0]: _component(part) for part in parts.packages}
    others = [_component(part) for part in parts.others]
    bom.components.update([*packages.values(), *others])
    by_name = {purl.removeprefix("pkg:pypi/"): component for purl, component in packages.items()}
    asked = [by_name[name] for name in sorted(roots) if name in by_name]
    bom.register_dependency(lapis, [*asked, *others])
    for part in parts.packages:
        needed = [by_name[name] for name in part.needs if name in by_name]
        bom.register_dependency(packages[part.purl.partition("@")[0]], needed)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise StepFailed(f"The bill of materials does not fit its schema: {error}")
    return text + "\n"


def _component(part: Part) -> "Component":
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import (
        ExternalReference,
        ExternalReferenceType,
        HashAlgorithm,
        HashType,
        XsUri,
    )
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    is_model = bool(part.sha256)
    return Component(
        name=part.name,
        version=part.version or None,
        type=ComponentType.MACHINE_LEARNING_MODEL if is_model else ComponentType.LIBRARY,
        bom_ref=part.purl or part.name,
        description=part.about or None,
        licenses=[LicenseFactory().make_from_string(part.licence)],
        purl=PackageURL.from_string(part.purl) if part.purl else None,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if is_model else (),
        external_references=[
            ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(part.homepage))
        ]
        if part.homepage
        else (),
    )


def main(arguments: list[str]) -> int:
    """Write the bill for the environment that runs this into the file that is named."""
    from desktop import __version__
    from installers.dev.components import parts

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    roots = [re.split(r"[^A-Za-z0-9._-]", text)[0].lower() for text in project["dependencies"]]
    (path,) = arguments
    try:
        text = bill(parts(), roots, __version__)
    except StepFailed as failure:
        say(str(failure))
        return 1
    Path(path).write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
