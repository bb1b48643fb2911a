"""A hash whose state is written down and taken up again is the hash of everything."""

import hashlib
import random
import sys
import threading

import pytest

from desktop.hub import running_hash
from desktop.hub.running_hash import new_hash, resumed

# SHA-256 of nothing and of "abc": FIPS 180-4's own examples.
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def _without_openssl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_hash, "_library", lambda: None)


def test_it_is_sha_256() -> None:
    digest = new_hash()
    assert digest.hexdigest() == NOTHING
    digest.update(b"abc")
    assert (digest.hexdigest(), digest.length) == (ABC, 3)


@pytest.mark.parametrize("kind", [bytes, bytearray, lambda data: memoryview(bytearray(data))])
def test_all_kinds_of_bytes_are_taken(kind: type[bytes]) -> None:
    digest = new_hash()
    digest.update(kind(b"abc"))
    assert digest.hexdigest() == ABC


def test_a_read_only_view_and_an_empty_piece_are_taken() -> None:
    digest = new_hash()
    digest.update(b"")
    digest.update(memoryview(b"abc"))
    digest.update(bytearray())
    assert digest.hexdigest() == ABC


def test_here_the_state_can_be_kept() -> None:
    assert new_hash().state(), "OpenSSL was not found through _hashlib"


def test_a_hash_goes_on_from_its_state_wherever_it_was_taken() -> None:
    rng = random.Random(256)
    content = rng.randbytes(300_000)
    for cut in [0, 1, 55, 56, 63, 64, 65, 119, 128, *rng.sample(range(len(content)), 40)]:
        first = new_hash()
        first.update(content[:cut])
        second = resumed(first.state(), cut)
        assert second is not None
        assert second.hexdigest() == hashlib.sha256(content[:cut]).hexdigest()
        second.update(content[cut:])
        assert second.hexdigest() == hashlib.sha256(content).hexdigest()
        assert second.length == len(content)


def test_more_than_half_a_gigabyte_is_counted_right() -> None:
    # The count of bits needs its upper half from 2**29 bytes on.
    state, length = new_hash().state(), 2**31
    first = resumed(state, length)
    assert first is not None
    first.update(b"abc")
    second = resumed(first.state(), length + 3)
    assert second is not None
    first.update(b"def")
    second.update(b"def")
    assert first.hexdigest() == second.hexdigest()
    short = resumed(state, 0)
    assert short is not None
    short.update(b"abcdef")
    assert short.hexdigest() != first.hexdigest()


@pytest.mark.parametrize(
    ("state", "length"),
    [(b"", 0), (b"x" * 31, 0), (b"x" * 33, 0), (b"x" * 32, 1), (b"x" * 400, 368), (b"x" * 32, -64)],
)
def test_a_state_that_cannot_be_is_refused(state: bytes, length: int) -> None:
    assert resumed(state, length) is None


@pytest.mark.usefixtures("_without_openssl")
def test_without_openssl_it_is_hashlib_and_keeps_no_state() -> None:
    digest = new_hash()
    digest.update(memoryview(b"abc"))
    assert (digest.hexdigest(), digest.state(), digest.length) == (ABC, b"", 3)
    assert resumed(b"x" * 32, 0) is None


def test_other_threads_run_while_it_counts() -> None:
    digest, block = new_hash(), bytes(4 << 20)
    went_on = threading.Event()
    thread = threading.Thread(target=went_on.set)
    before = sys.getswitchinterval()
    # Nobody is interrupted: the other one runs only if the interpreter is let go.
    sys.setswitchinterval(1000)
    try:
        thread.start()
        for _ in range(500):
            if went_on.is_set():
                break
            digest.update(block)
    finally:
        sys.setswitchinterval(before)
    assert went_on.is_set()
    thread.join()
