"""The door-keeper: every request is looked at here, step by step, before anything acts on it.

The order is that of "Loopback API rules" in the security notes: head, Host, Origin, path and method,
key, kind and size of the body, the body itself, turns. No body is read before its sender has passed
the steps before. What passes is watched: when its client goes away, or no longer reads, whatever was
begun for it is stopped. ASGI, the API's thread.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desktop.api import who
from desktop.api.json_depth import check_json
from desktop.api.limits import LARGEST_BODY, LARGEST_WITH_PICTURES, Patience, Turns
from desktop.api.refused import Refused
from desktop.api.reply import Incoming, Outgoing, too_large
from desktop.api.visit import IN_SCOPE, Visit
from desktop.services.local_api import Listening

_PUBLIC: Final = frozenset({"/", "/docs", "/openapi.json"})
_PUBLIC_FOLDER: Final = "/docs/"
_WITH_PICTURES: Final = frozenset(
    {"/v1/chat/completions", "/v1/responses", "/api/chat", "/api/generate"}
)
_NO_TURN: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SENT: Final = frozenset({"POST", "PUT", "PATCH"})
_SMALL: Final = 64 * 1024
_CLIENT_LEFT: Final = 499

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What is guarded: an application, its routes, and where it listens.

    `beyond` are addresses besides the loopback ones; `slots` says how many answers are written
    side by side.
    """

    app: ASGIApp
    routes: Sequence[BaseRoute]
    listening: Listening
    port: int
    slots: Callable[[], int]
    beyond: tuple[str, ...] = ()
    patience: Patience = field(default_factory=Patience)


class Guard:
    """The ASGI application that stands before all others."""

    def __init__(self, house: House) -> None:
        """Let nobody in yet."""
        self._house = house
        self._turns = Turns()
        self._visits: set[Visit] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        house = self._house
        visit = Visit(
            client=who.client_of(scope),
            agent=who.agent_of(scope),
            method=scope["method"],
            route=who.route_of(scope),
        )
        self._visits.add(visit)
        house.listening.count(len(self._visits))
        incoming = Incoming(receive, house.patience)
        outgoing = Outgoing(scope, send, house.patience)
        try:
            await self._answer(scope, incoming, outgoing, visit)
        finally:
            visit.leave()
            self._visits.discard(visit)
            # An answer that was begun and left is no more an answer than one that was not.
            is_left = outgoing.is_left or not outgoing.status
            house.listening.note(visit.access(_CLIENT_LEFT if is_left else outgoing.status))
            house.listening.count(len(self._visits))

    def leave(self) -> None:
        """Stop everything that was begun for anybody."""
        for visit in list(self._visits):
            visit.leave()

    async def _answer(
        self, scope: Scope, incoming: Incoming, outgoing: Outgoing, visit: Visit
    ) -> None:
        try:
            let_in = self._check(scope, outgoing)
            if let_in is None:
                await outgoing.preflight()
                return
            body = await incoming.read(_most(scope))
            await _check_body(body)
            if scope["method"] in _NO_TURN:
                await self._serve(let_in, body, incoming, outgoing, visit)
            else:
                with self._turns.take(visit.client, self._house.slots()):
                    await self._serve(let_in, body, incoming, outgoing, visit)
        except Refused as refused:
            await outgoing.refuse(refused)
            await incoming.drain()
            await outgoing.end()
        except Exception:  # noqa: BLE001 - the last one to catch: it is logged, and told
            # An answer must not be left in the middle.
            if outgoing.is_unread:
                _log.info("a client did not read its answer")
                return
            _log.exception("defect in the local server")
            if not outgoing.is_complete:
                outgoing.cut_off()

    def _check(self, scope: Scope, outgoing: Outgoing) -> Scope | None:
        """Return what is to be served, None for a preflight; raises Refused. Steps 1 to 6."""
        listening = self._house.listening
        access = listening.access()
        who.check_head(scope)
        host = who.check_host(scope, self._house.port, self._beyond(scope))
        foreign = who.foreign_origin(scope, host, access.origins)
        if foreign is not None:
            if foreign:
                listening.refuse(foreign)
            raise Refused(403, "Pages and programs of this origin were not let in")
        origin = who.one(scope, b"origin")
        is_listed = origin in access.origins
        if is_listed:
            outgoing.allow(origin)
        is_preflight = scope["method"] == "OPTIONS" and is_listed
        known = self._known(scope, is_preflight=is_preflight)
        if is_preflight:
            return None
        keyless = access.keyless and who.is_near(who.client_of(scope))
        if not (_is_public(scope) or keyless or who.has_key(scope, listening.key())):
            raise Refused(
                401,
                "The key is missing or wrong. Send it as 'Authorization: Bearer KEY'; the settings "
                "of Lapis show it",
                code="invalid_api_key",
            )
        _check_kind(scope)
        return known

    def _beyond(self, scope: Scope) -> tuple[str, ...]:
        """Return the addresses that we may be asked at besides the loopback ones."""
        beyond, server = self._house.beyond, scope.get("server")
        # Whoever comes in at an address of this computer may call it so: only names can lie.
        return (*beyond, str(server[0])) if beyond and server else beyond

    def _known(self, scope: Scope, *, is_preflight: bool) -> Scope:
        """Return `scope` as a route has it; raises Refused where none has the path or the method."""
        method = scope["method"]
        if is_preflight:
            method = who.one(scope, b"access-control-request-method")
        # A route that can be read has a head as well.
        methods = ("HEAD", "GET") if method == "HEAD" else (method,)
        is_path = False
        for each in methods:
            wanted = {**scope, "method": each}
            for route in self._house.routes:
                match, _ = route.matches(wanted)
                if match is Match.FULL:
                    return wanted
                is_path = is_path or match is Match.PARTIAL
        if is_path:
            raise Refused(405, "This path does not know the method")
        raise Refused(404, "There is nothing at this path")

    async def _serve(
        self, scope: Scope, body: bytes, incoming: Incoming, outgoing: Outgoing, visit: Visit
    ) -> None:
        """Have the application answer, and watch whether anybody is still there."""
        gone = asyncio.Event()
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def handed_on() -> Message:
            if messages:
                return messages.pop()
            await gone.wait()
            return {"type": "http.disconnect"}

        async def watch() -> None:
            while (await incoming.receive())["type"] != "http.disconnect":
                pass
            outgoing.leave()
            visit.leave()
            gone.set()

        watching = asyncio.create_task(watch())
        try:
            await self._house.app({**scope, IN_SCOPE: visit}, handed_on, outgoing)
        finally:
            watching.cancel()


def _is_public(scope: Scope) -> bool:
    """Return whether it is a page for people, whose browser cannot send a key; it tells nothing."""
    path: str = scope["path"]
    return scope["method"] in _NO_TURN and (path in _PUBLIC or path.startswith(_PUBLIC_FOLDER))


def _check_kind(scope: Scope) -> None:
    """Refuse a body that is no JSON by its own account, or too large."""
    length = who.one(scope, b"content-length")
    has_body = bool(who.header(scope, b"transfer-encoding")) or length not in {"", "0"}
    if not has_body and scope["method"] not in _SENT:
        return
    kinds = who.header(scope, b"content-type")
    kind = kinds[0].partition(";")[0].strip().lower() if len(kinds) == 1 else ""
    if kind != "application/json":
        raise Refused(415, "Send JSON, with the header 'Content-Type: application/json'")
    if who.one(scope, b"content-encoding").strip().lower() not in {"", "identity"}:
        raise Refused(415, "Send the body as it is, not compressed")
    # h11 has seen to it that it is a number, of 20 digits at most.
    if length and int(length) > _most(scope):
        raise too_large(_most(scope))


def _most(scope: Scope) -> int:
    return LARGEST_WITH_PICTURES if scope["path"] in _WITH_PICTURES else LARGEST_BODY


async def _check_body(body: bytes) -> None:
    if len(body) > _SMALL:
        await asyncio.to_thread(check_json, body)
    else:
        check_json(body)
