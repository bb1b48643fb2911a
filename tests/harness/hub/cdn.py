"""The CDN of the fake hub: the bytes of a signed address, with ranges, and with every fault."""

import gzip
import os
import re
import socket
import struct
import time
from typing import TYPE_CHECKING

from tests.harness.http_listener import Answer, HttpHandler
from tests.harness.hub.faults import Cut, Faults
from tests.harness.hub.repositories import HubFile

if TYPE_CHECKING:
    from tests.harness.hub.server import HubRequest, HubServer

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_BLOCK = 1 << 20
_STEPS_A_SECOND = 50


def serve(world: "HubServer", request: "HubRequest", handler: HttpHandler) -> None:
    """Answer one request of the CDN on `handler`'s connection."""
    faults = world.faults
    cut = faults.take_cut()
    if cut is not None and cut[0] < 0:
        _end(world, handler.connection, cut[1])
        handler.close_connection = True
        return
    wrong = faults.take_cdn()
    signature = request.query.get("X-Amz-Signature", "")
    file = world.signed(signature)
    if wrong is not None:
        handler.say(wrong)
        return
    if request.authorization:
        handler.say(Answer(400, b"<Error><Code>InvalidArgument</Code></Error>"))
        return
    if file is None:
        handler.say(Answer(403, b"<Error><Code>AccessDenied</Code></Error>"))
        return
    start, end, ranged = 0, file.size, False
    asked = _RANGE.fullmatch(request.range)
    if asked is not None and not faults.ignore_range:
        start = int(asked[1])
        end = min(int(asked[2]) + 1, file.size) if asked[2] else file.size
        ranged = True
        if start >= file.size or faults.status_416:
            unsatisfied = {"Content-Range": f"bytes */{file.size}"}
            handler.say(Answer(416, b"", unsatisfied))
            return
    _head(faults, file, handler, start, end, ranged=ranged)
    if request.method == "HEAD":
        return
    if faults.gzip:
        handler.wfile.write(gzip.compress(file.content[start:end], 1))
        return
    _body(world, file, handler.connection, start, end, cut)
    if cut is not None and cut[1] is Cut.EXPIRE:
        world.expire(signature)
    if cut is not None or faults.no_length or faults.truncate:
        handler.close_connection = True


def _head(
    faults: Faults,
    file: HubFile,
    handler: HttpHandler,
    start: int,
    end: int,
    *,
    ranged: bool,
) -> None:
    handler.send_response(206 if ranged else 200)
    handler.send_header("Content-Type", "application/octet-stream")
    handler.send_header("Accept-Ranges", "bytes")
    if ranged:
        about = faults.content_range or "bytes {start}-{end}/{total}"
        said = about.format(start=start, end=end - 1, total=file.size)
        handler.send_header("Content-Range", said)
    if faults.gzip:
        packed = gzip.compress(file.content[start:end], 1)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(packed)))
    elif faults.no_length:
        handler.send_header("Connection", "close")
        handler.close_connection = True
    else:
        handler.send_header("Content-Length", str(end - start + faults.extra))
    handler.end_headers()


def _body(
    world: "HubServer",
    file: HubFile,
    connection: socket.socket,
    start: int,
    end: int,
    cut: tuple[int, Cut] | None,
) -> None:
    """Send the bytes, as many as `cut` allows, and end as it says."""
    faults = world.faults
    last = end - faults.truncate if cut is None else min(end, start + cut[0])
    place = start
    while place < last and not world.closing.is_set():
        rate = faults.bytes_per_second
        count = min(_BLOCK, last - place)
        if rate:
            count = min(count, max(1, rate // _STEPS_A_SECOND))
        piece = faults.spoilt(place, file.read(place, count))
        connection.sendall(piece)
        place += len(piece)
        if rate:
            time.sleep(len(piece) / rate)
    if cut is None:
        connection.sendall(b"x" * faults.extra)
    else:
        _end(world, connection, cut[1])


def _end(world: "HubServer", connection: socket.socket, how: Cut) -> None:
    match how:
        case Cut.STALL:
            # Until the client goes away, or the server is closed.
            connection.settimeout(0.05)
            while not world.closing.is_set():
                try:
                    if not connection.recv(1):
                        break
                except TimeoutError:
                    continue
                except OSError:
                    break
        case Cut.RESET:
            # Nothing lingers: what is not sent is thrown away, and the other side hears of it.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # The handler's files share the socket and would keep it open.
            os.close(connection.detach())
            return
        case Cut.CLOSE | Cut.EXPIRE:
            pass
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
