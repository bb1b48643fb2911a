"""Clients of the local server in a process of their own: `python -m tests.bench.api_client`.

Reads one order a line from stdin (JSON: port, key, body, clients), asks so many times at once, and
writes one line with what each client got: seconds from the request to the end, and tokens.
"""

import http.client
import json
import sys
import threading
import time
from typing import Any

ROUTE = "/v1/chat/completions"


def main() -> None:
    """Carry out orders until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        found: list[dict[str, Any]] = []
        start = threading.Barrier(order["clients"])
        threads = [
            threading.Thread(target=_ask, args=(order, start, found))
            for _ in range(order["clients"])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps(found), flush=True)


def _ask(order: dict[str, Any], start: threading.Barrier, found: list[dict[str, Any]]) -> None:
    body = json.dumps(order["body"]).encode()
    headers = {"Authorization": f"Bearer {order['key']}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", order["port"], timeout=600)
    tokens, pieces, ended = 0, 0, False
    start.wait()
    began = time.monotonic()
    connection.request("POST", ROUTE, body, headers)
    response = connection.getresponse()
    for line in response:
        if line.startswith(b"data: [DONE]"):
            ended = True
        elif line.startswith(b"data: "):
            pieces += 1
            usage = json.loads(line[6:]).get("usage")
            tokens = usage["completion_tokens"] if usage else tokens
    seconds = time.monotonic() - began
    connection.close()
    found.append(
        {
            "seconds": seconds,
            "tokens": tokens,
            "pieces": pieces,
            "ok": ended and response.status == 200,
            "began": began,
        }
    )


if __name__ == "__main__":
    main()
