"""`lapis engine`: optional packs of the engine listed, fetched, taken from files, removed. Main thread."""

import json
import threading
from typing import Final

from desktop.base.translation import Translator
from desktop.domain.engine_pack import EnginePack, PackState, PackView
from desktop.domain.errors import BadReference
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.services.engine_packs import EnginePacks
from desktop.terminal.engine_orders import (
    EngineOrder,
    GetPack,
    ImportPack,
    ListPacks,
    RemovePack,
)
from desktop.terminal.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_OK, report
from desktop.terminal.models_pull import pull
from desktop.terminal.output import Screen
from desktop.terminal.tables import print_rows

_STATES: Final = {
    PackState.OFFERED: Text("not here"),
    PackState.COMING: Text("begun"),
    PackState.UNPACKING: Text("being unpacked"),
    PackState.IN_USE: Text("installed"),
    PackState.OFF: Text("switched off"),
    PackState.FAILED: Text("not installed"),
}


def manage_packs(
    order: EngineOrder,
    packs: EnginePacks,
    words: Translator,
    screen: Screen,
    cancel: threading.Event,
) -> int:
    """Carry an order out and return the exit code; `cancel` stops it. Raises LapisError."""
    packs.settle()
    match order:
        case ListPacks(as_json):
            return _show(packs, words, screen, as_json=as_json)
        case GetPack(name):
            return _get(_meant(name, packs), packs, words, screen, cancel)
        case ImportPack(path):
            screen.status.allow()
            screen.status.show(words.say("Checking the file, unpacking it, trying it out …"))
            came = packs.bring(path, lambda _count: None, cancel)
            screen.status.clear()
            return _outcome(packs.view(), words, screen) if came else EXIT_INTERRUPTED
        case RemovePack(name):
            pack = _meant(name, packs)
            if packs.seen(pack).state is PackState.OFFERED:
                raise BadReference(
                    Text("{name} is not installed", {"name": pack.name}),
                    Text("Type, for example: {command}", {"command": "lapis engine get"}),
                )
            packs.remove(pack)
            screen.line(words.say("{name} is removed", name=pack.name))
            return EXIT_OK


def _show(packs: EnginePacks, words: Translator, screen: Screen, *, as_json: bool) -> int:
    fitting = packs.suitable()
    views = [packs.seen(pack) for pack in packs.here()]
    if as_json:
        screen.line(json.dumps([_fields(view, fits=view.pack in fitting) for view in views]))
        return EXIT_OK
    shown = [view for view in views if view.pack in fitting or view.state is not PackState.OFFERED]
    if not shown:
        screen.note(words.say("There is no pack for this computer."))
        return EXIT_OK
    print_rows(
        (
            [
                view.pack.id,
                view.pack.name,
                sized(view.pack.size),
                words.say(_STATES[view.state]),
                words.say(view.reason) if view.reason is not None else "",
            ]
            for view in shown
        ),
        screen,
    )
    return EXIT_OK


def _get(
    pack: EnginePack, packs: EnginePacks, words: Translator, screen: Screen, cancel: threading.Event
) -> int:
    view = packs.seen(pack)
    if view.state is PackState.OFF:
        packs.switch_on(pack)
    elif view.state is not PackState.IN_USE:
        values = {"name": pack.name, "size": sized(pack.size), "disk": sized(pack.unpacked)}
        screen.note(words.say(Text("{name}: {size} to download, {disk} on the disk", values)))
        terms = {"licence": pack.licence.name, "page": pack.licence.page}
        screen.note(words.say(Text("On these terms: {licence}, {page}", terms)))
        done = pull(packs.order(pack), packs.downloads, words, screen, cancel)
        if done != EXIT_OK:
            return done
    return _outcome(packs.seen(pack), words, screen)


def _outcome(view: PackView | None, words: Translator, screen: Screen) -> int:
    """Say what has become of a pack, and return the exit code."""
    if view is None:
        return EXIT_ERROR
    if view.error is not None:
        report(view.error, words, screen)
        return EXIT_ERROR
    if view.reason is not None:
        screen.note(words.say("{name} is switched off", name=view.pack.name))
        screen.note(words.say(view.reason))
        return EXIT_ERROR
    screen.line(words.say("{name} is installed", name=view.pack.name))
    return EXIT_OK


def _meant(name: str, packs: EnginePacks) -> EnginePack:
    if name:
        return packs.find(name)
    view = packs.view()
    if view is None:
        raise BadReference(
            Text("There is no pack for this computer"),
            Text("Packs are for cards of NVIDIA, with a driver that is new enough."),
        )
    return view.pack


def _fields(view: PackView, *, fits: bool) -> dict[str, object]:
    pack = view.pack
    return {
        "id": pack.id,
        "name": pack.name,
        "engine": pack.engine,
        "fits": fits,
        "state": view.state.value,
        "reason": None if view.reason is None else str(view.reason),
        "download_bytes": pack.size,
        "disk_bytes": pack.unpacked,
        "licence": pack.licence.name,
        "licence_page": pack.licence.page,
    }
