"""What clients send, read with distrust: bodies, pictures, texts that end an answer."""

import base64

import pytest

from desktop.api.openai_values import ChatBody
from desktop.api.reading import field_of, picture, read, stops
from desktop.api.refused import Refused

PNG = b"\x89PNG\r\n\x1a\n" + bytes(9)
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 "


def address(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"messages": NaN}',
        b'{"messages": "\xff"}',
        b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", '
        b'"function": {"name": "a", "parameters": {"a": ' + b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_body_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(ChatBody, body)

    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ("`$.messages[0].content`", "messages[0].content"),
        ("`$.logit_bias[...]`", "logit_bias[...]"),
        ("`$`", ""),
        ("", ""),
    ],
)
def test_a_field_has_its_name(place: str, field: str) -> None:
    assert field_of(place) == field


@pytest.mark.parametrize(
    ("data", "kind", "known"),
    [
        (PNG, "image/png", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg", "image/jpeg"),
        (b"\xff\xd8\xff\xe0", "image/jpg", "image/jpeg"),
        (b"GIF89a..", "image/gif", "image/gif"),
        (WEBP, "image/webp", "image/webp"),
    ],
)
def test_a_picture_is_what_its_first_bytes_say(data: bytes, kind: str, known: str) -> None:
    found = picture(address(data, kind), "x")

    assert (found.media_type, found.data) == (known, data)


@pytest.mark.parametrize(
    "given",
    [
        address(PNG, "image/jpeg"),
        address(b"<svg/>", "image/svg+xml"),
        address(b"<html>", "image/png"),
        address(b"RIFF\x00\x00\x00\x00WAVEfmt ", "image/webp"),
        address(PNG, "text/html"),
        "data:image/png;base64,@@@@",
        "data:image/png,%89PNG",
        "https://example.com/x.png",
        "file:///etc/hostname",
        "",
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_fetched(given: str) -> None:
    with pytest.raises(Refused) as refused:
        picture(given, "messages[0].content[1]")

    assert (refused.value.status, refused.value.param) == (400, "messages[0].content[1]")
    assert "hostname" not in refused.value.message


def test_texts_that_end_an_answer_are_bounded() -> None:
    assert stops(None) is None
    assert stops("a") == ("a",)
    assert stops(["a", "", "\N{LATIN SMALL LETTER E WITH ACUTE}" * 128]) == ("a", "é" * 128)
    for wrong in (["a"] * 17, ["é" * 129]):
        with pytest.raises(Refused):
            stops(wrong)
