"""The optional pack of the engine, as a finding of an examination. Any thread; two seconds at most."""

from collections.abc import Iterator

from desktop.base.paths import Paths
from desktop.domain.engine_pack import PackState, PackView
from desktop.domain.health import Finding, State
from desktop.domain.quantities import sized
from desktop.domain.settings import LibrarySettings
from desktop.domain.text import Text
from desktop.services.engine_packs import EnginePacks
from desktop.services.network_log import NetworkLog


def examine_packs(paths: Paths) -> Iterator[Finding]:
    """Yield what there is to say of the pack for this computer; nothing where there is none."""
    log = NetworkLog(paths.network_log).note
    packs = EnginePacks(paths.engine_packs, paths.engine, LibrarySettings, {}, log=log)
    try:
        view = packs.view()
    finally:
        packs.close()
    if view is not None:
        yield pack_finding(view)


def pack_finding(view: PackView) -> Finding:
    """Return the finding on a pack as it stands."""
    values = {"name": view.pack.name, "size": sized(view.pack.size)}
    state, advice = State.OK, None
    match view.state:
        case PackState.IN_USE:
            detail = Text("{name} is installed", values)
        case PackState.OFF:
            state = State.WARNING
            detail = view.reason or Text("{name} is switched off", values)
            advice = Text(
                "Models go on with Vulkan or the processor. To try it again, type: {command}",
                {"command": "lapis engine get"},
            )
        case _:
            detail = Text("{name} can be had for this card, {size} to download", values)
    facts = {"pack": view.pack.id, "state": view.state.value}
    return Finding("engine.pack", Text("Engine pack"), state, detail, advice, facts)
