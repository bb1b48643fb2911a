"""Values kept as JSON in a column. Pure functions, any thread."""

import json
from typing import TypeVar

import msgspec

from desktop.domain.text import encodable

Value = TypeVar("Value")
Other = TypeVar("Other")


def written(value: object) -> str:
    """Return `value` as JSON text that SQLite takes."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return encodable(json.dumps(msgspec.to_builtins(value), ensure_ascii=False))


def read(column: object, kind: type[Value], otherwise: Other) -> Value | Other:
    """Return what a column holds; `otherwise` where it is empty or a flipped bit has damaged it."""
    if not column or not isinstance(column, str):
        return otherwise
    try:
        return msgspec.json.decode(column, type=kind)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return otherwise
