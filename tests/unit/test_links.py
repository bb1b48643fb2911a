"""Hostile addresses stay words, and what is shown of the others is where they lead. No Qt."""

import pytest

from desktop.ui.links import Destination, destination, safe_link, visible

HOSTILE = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>",
    "data:image/png;base64,AAAA",
    "vbscript:x",
    "file:///etc/passwd",
    "file://host/share/x",
    "FILE:///C:/Windows",
    "//host/share",
    "\\\\host\\share",
    "/etc/passwd",
    "../../etc/passwd",
    "x.html",
    "#anchor",
    "?query",
    "",
    "ms-msdt:/id",
    "ms-settings:",
    "smb://host/share",
    "ftp://host/x",
    "ssh://host",
    "tel:123",
    "about:blank",
    "blob:https://a.b/c",
    "view-source:https://a.b",
    "qrc:/x",
    "steam://run/1",
    "search-ms:query=x",
    "http:",
    "http://",
    "https:///path",
    "https://user@host/",
    "https://user:password@host/",
    "https://good.example@evil.example/",
    "https://host:port/",
    "https://host:99999/",
    "https://a b/",
    "https://host/\u202egpj.exe",
    "https://ho\u200bst/",
    "https://host/\x00",
    "https://host/\nSet-Cookie:x",
    "https://[::1/",
    "https://[evil]/",
    "https://ho%73t/",
    "https://-/",
    "https://host\\@evil/",
    "mailto:",
    "mailto:a",
    "mailto:?attach=/etc/passwd",
    "mailto:a@b.c?attach=/etc/passwd",
    "mailto:a@b.c?subject=x",
    "https://host/" + "a" * 5_000,
]


@pytest.mark.parametrize("href", HOSTILE, ids=repr)
def test_a_hostile_address_is_no_link(href: str) -> None:
    assert destination(href) is None
    assert not safe_link(href)


@pytest.mark.parametrize(
    ("href", "host", "url"),
    [
        ("https://example.org", "example.org", "https://example.org/"),
        ("HTTP://Example.ORG/A?b=c#d", "example.org", "http://example.org/A?b=c#d"),
        ("https://a.b:8443/x", "a.b:8443", "https://a.b:8443/x"),
        ("http://127.0.0.1:8000/v1", "127.0.0.1:8000", "http://127.0.0.1:8000/v1"),
        ("http://[::1]/", "[::1]", "http://[::1]/"),
        ("https://xn--fsqu00a.com/", "xn--fsqu00a.com", "https://xn--fsqu00a.com/"),
        ("https://例子.com/路", "xn--fsqu00a.com", "https://xn--fsqu00a.com/%E8%B7%AF"),
        ("https://a.b/%E8%B7%AF?q=%20", "a.b", "https://a.b/%E8%B7%AF?q=%20"),
        # Cyrillic а in place of a: a twin of apple.com is seen as what it is.
        ("https://аpple.com/", "xn--pple-43d.com", "https://xn--pple-43d.com/"),
    ],
)
def test_where_a_link_leads_is_shown_in_ascii(href: str, host: str, url: str) -> None:
    assert destination(href) == Destination(host, url, is_mail=False)
    assert safe_link(href) == url


def test_a_mail_address_is_shown_as_one() -> None:
    assert destination("mailto:ann@example.org") == Destination(
        "ann@example.org", "mailto:ann@example.org", is_mail=True
    )


def test_what_is_offered_can_be_offered_again() -> None:
    for href in ("https://例子.com/路?a=b c".replace(" ", "%20"), "mailto:a@b.c"):
        assert safe_link(safe_link(href)) == safe_link(href)


def test_invisible_characters_are_spelt_out_and_others_are_not() -> None:
    assert visible("a\u202eb\u200bc\x1bd\u00ad") == "a‹U+202E›b‹U+200B›c‹U+001B›d‹U+00AD›"
    assert visible("plain 你好 é 🙂\n\t") == "plain 你好 é 🙂\n\t"
