"""Grammars are refused with a reason before they reach native code; what passes never hurts it."""

import random
from pathlib import Path

import pytest

from desktop.inference.gbnf import MAX_CHARACTERS, MAX_DEPTH, GrammarRefused, parse
from desktop.inference.gbnf_check import check
from desktop.inference.gbnf_stacks import Reader
from desktop.inference.grammar import checked_grammar
from tests.gguf_files import write_llama
from tests.native_grammars import ask_llama
from tests.unit.gbnf_matching import matches

DOUBLING = "\n".join(f'r{step} ::= "a" r{step + 1} "b" | "a" r{step + 1} "c"' for step in range(30))
DOUBLING_AT_ONCE = "\n".join(f'r{step} ::= r{step + 1} "b" | r{step + 1}' for step in range(30))
CHAIN = "\n".join(f"r{step} ::= r{step + 1}" for step in range(5_000))

REFUSED = {
    "left recursion": ('root ::= root "a" | "b"', "start with itself"),
    "indirect left recursion": ('root ::= x | "c"\nx ::= root "a"', "start with itself"),
    "hidden left recursion": ('root ::= x root "a" | "b"\nx ::= y\ny ::= ""', "start with itself"),
    "recursion without an end": ('root ::= x\nx ::= root "a"', "never end"),
    "endless text": ('root ::= "a" root', "never end"),
    "undefined rule": ("root ::= foo", "“foo” is defined nowhere"),
    "undefined rule in a group": ('root ::= "a" (foo)?', "“foo” is defined nowhere"),
    "no root": ('x ::= "a"', "no rule “root”"),
    "nothing": ("", "no rule “root”"),
    "open group": ("root ::= (", "“)” is missing"),
    "closed too often": ('root ::= "a")', "should end here"),
    "20,000 parentheses": ("root ::= " + "(" * 20_000 + '"a"' + ")" * 20_000, "nested deeper"),
    "20,000 open parentheses": ("root ::= " + "(" * 20_000, "nested deeper"),
    "1 MB of alternatives": ("root ::= " + " | ".join(['"abcdefgh"'] * 90_000), "longer than"),
    "huge repetition": ('root ::= "a"{1,1000000}', "more than 2,000 times"),
    "huge least repetition": ('root ::= "a"{3000,}', "more than 2,000 times"),
    "number without end": ('root ::= "a"{' + "9" * 5_000 + "}", "a number should stand here"),
    "nested repetitions": ('root ::= "a"{50}{50}', "come to more than"),
    "repetition of a long text": (f'root ::= "{"a" * 100_000}"{{0,1000}}', "too large"),
    "repetition that counts down": ('root ::= "a"{5,2}', "upper bound"),
    "repetition of nothing": ('root ::= (""*)*', "nothing to repeat"),
    "repetition at the start": ("root ::= *", "nothing to repeat"),
    "empty loop": ('root ::= ("a"*)*', "may be empty"),
    "empty loop in an alternative": ('root ::= ("a" | )* "b"', "may be empty"),
    "NUL": ('root ::= "a\0b"', "NUL"),
    "lone surrogate": ('root ::= "\ud800"', "surrogate"),
    "escaped surrogate": (r'root ::= "\ud800"', "no text contains"),
    "beyond Unicode": (r'root ::= "\U00110000"', "no text contains"),
    "escaped NUL": (r'root ::= "\x00"', "no text contains"),
    "no character": ("root ::= []", "no character fits"),
    "backward range": ("root ::= [z-a]", "no character fits"),
    "everything excluded": (r"root ::= [^\x01-\U0010ffff]", "no character fits"),
    "unknown escape": (r'root ::= "\q"', "escape is unknown"),
    "short escape": (r'root ::= "\u12"', "4 hexadecimal digits"),
    "open literal": ('root ::= "abc', "ends in the middle"),
    "open class": ("root ::= [abc", "ends in the middle"),
    "open range": ("root ::= [a-", "ends in the middle"),
    "backslash at the end": ('root ::= "\\', "escape is unknown"),
    "token by number": ("root ::= <[123]>", "tokens"),
    "token by text": ("root ::= !<think>", "tokens"),
    "alternatives on the next line": ('root ::= "a"\n  | "b"', "name of a rule"),
    "defined twice": ('root ::= "a"\nroot ::= "b"', "a second time"),
    "no definition sign": ("root = x", "“::=” is missing"),
    "stacks double with each character": (f'root ::= r0\n{DOUBLING}\nr30 ::= "x"', "too many"),
    "stacks double at once": (f'root ::= r0\n{DOUBLING_AT_ONCE}\nr30 ::= "x"', "2,000 ways"),
    "long chain of rules": (f'root ::= r0\n{CHAIN}\nr5000 ::= "x"', "2,000 ways"),
    "many optional parts": ("root ::= " + '"a"? ' * 3_000, "2,000 ways"),
}

ACCEPTED = {
    "literal": 'root ::= "hello"',
    "empty": 'root ::= ""',
    "comment": '# head\nroot ::= "a" # tail\n  # more\nx ::= "b"',
    "escapes": r'root ::= "\x41\u00e9\U0001F600\t\r\n\\\"\[\]\-"',
    "classes": r"root ::= [a-z] [^\n\r] [-a] [a-] [\]\[] [^^] [a-c-e] . [一-龥é😀]",
    "repetitions": 'root ::= "a"* "b"+ "c"? "d"{3} "e"{2,} "f"{0,5} "g" {1, 2}',
    "repetition of a repetition": 'root ::= "a"{3}{4} ("b"+ "c"){2,}',
    "groups over lines": 'root ::= (\n "a"\n | "b" # c\n)+\r\nx ::=\n  "y" |\n  "z"',
    "right recursion": 'root ::= "a" root | "b"',
    "middle recursion": 'root ::= "(" root ")" | ""',
    "nullable head": 'root ::= ws "a" root | ws\nws ::= [ \\t]*',
    "arithmetic": 'root ::= (e "=" w t "\\n")+\ne ::= t ([-+*/] t)*\nt ::= i | "(" w e ")" w\n'
    "i ::= [a-z] [a-z0-9_]* w\nw ::= [ \\t\\n]*",
    "list": 'root ::= item+\nitem ::= "- " [^\\r\\n\\x0b\\x0c\\x85\\u2028\\u2029]+ "\\n"',
    "depth": "root ::= " + "(" * MAX_DEPTH + '"a"' + ")" * MAX_DEPTH,
    "many choices": "root ::= " + " | ".join(f'"{word}"' for word in range(1_500)),
    "most repetitions": 'root ::= "a"{0,2000} [b-d]{2000}',
    "many readings": 'root ::= ("a" "b"? "c"? "d"?){1,90}',
    "long chain": "\n".join(f"r{n} ::= r{n + 1}" for n in range(1_500))
    + '\nr1500 ::= "a"\nroot ::= r0',
    "many empty literals": "root ::= " + '"" ' * 20_000 + '"a"',
    "large": "root ::= " + "[a-z] " * 40_000,
    "names": 'root ::= A-1 9\nA-1::="x"\n9::="y"',
    "any JSON": checked_grammar("json", ""),
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_llama(tmp_path_factory.mktemp("model") / "m.gguf", stops=True, raw_bytes=True)


@pytest.mark.parametrize("name", REFUSED)
def test_a_grammar_that_would_hurt_is_refused_with_the_reason(name: str) -> None:
    text, reason = REFUSED[name]
    with pytest.raises(GrammarRefused) as refused:
        check(text)
    assert reason in refused.value.reason
    assert len(refused.value.reason) < 200


def test_the_place_of_a_fault_is_named() -> None:
    with pytest.raises(GrammarRefused, match="line 3, column 12: “\\)” is missing"):
        check('root ::= x\n# note\nx ::= ("a" ]\n')


def test_nothing_longer_than_the_bound_is_looked_at() -> None:
    check('root ::= "a"'.ljust(MAX_CHARACTERS))
    with pytest.raises(GrammarRefused, match="longer than"):
        check('root ::= "a"'.ljust(MAX_CHARACTERS + 1))


@pytest.mark.parametrize(
    ("grammar", "fitting", "failing"),
    [
        (ACCEPTED["literal"], ["hello"], ["hell", "hello!", ""]),
        (ACCEPTED["escapes"], ['Aé😀\t\r\n\\"[]-'], [""]),
        (ACCEPTED["classes"], ["zx--[xeq龥", "aé-a]a-y😀"], ["zx--[xdq龥", "z\n--[xeq龥"]),
        (ACCEPTED["repetitions"], ["bdddeeg", "aabcdddeeefffffgg"], ["dddeeg", "bdddeg", "bdddee"]),
        (ACCEPTED["repetition of a repetition"], ["a" * 12 + "bcbbc"], ["a" * 11 + "bcbc"]),
        (ACCEPTED["middle recursion"], ["", "((()))"], ["(()", "())"]),
        ('root ::= "a"{2,4}', ["aa", "aaa", "aaaa"], ["a", "aaaaa"]),
    ],
)
def test_a_grammar_means_what_the_language_says(
    grammar: str, fitting: list[str], failing: list[str]
) -> None:
    rules = parse(grammar)
    reader = Reader([body or [] for body in rules.bodies], rules.numbers["root"])
    assert [text for text in fitting if not matches(reader, text)] == []
    assert [text for text in failing if matches(reader, text)] == []


def test_llama_takes_every_grammar_that_is_accepted(model: Path) -> None:
    grammars = [check(text) for text in ACCEPTED.values()]
    taken = [native.accepted for native in ask_llama(model, grammars)]
    assert dict(zip(ACCEPTED, taken, strict=True)) == dict.fromkeys(ACCEPTED, True)


def test_llama_writes_what_our_reading_of_a_grammar_allows(model: Path) -> None:
    names = ["escapes", "repetitions", "repetition of a repetition", "groups over lines",
             "middle recursion", "arithmetic", "many choices", "many readings"]  # fmt: skip
    natives = ask_llama(model, [ACCEPTED[name] for name in names], tokens=150, seeds=[1, 2, 3])
    written = 0
    for name, native in zip(names, natives, strict=True):
        rules = parse(ACCEPTED[name])
        reader = Reader([body or [] for body in rules.bodies], rules.numbers["root"])
        for text in filter(None, native.texts):
            written += 1
            assert matches(reader, text), (name, text)
    assert written >= len(names)


def test_mutated_grammars_are_refused_here_or_taken_by_llama(model: Path) -> None:
    chance = random.Random(20)
    sources = [text for text in ACCEPTED.values() if len(text) < 400]
    pieces = ["(", ")", "*", "+", "?", "{2}", "{0,3}", "{,2}", "|", '"', "[", "]", "^", "-", "\\",
              "\\x4", "::=", "\n", " ", "root", "x", "ws", ".", "<", "!", "#", '""', "é", "\r", "}"]  # fmt: skip
    accepted: list[str] = []
    refused = 0
    while len(accepted) < 400:
        text = chance.choice(sources)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(text) + 1)
            cut = chance.choice((0, 0, 1, 3))
            text = text[:place] + chance.choice([*pieces, ""]) + text[place + cut :]
        try:
            accepted.append(check(text))
        except GrammarRefused:
            refused += 1
    assert refused > 100
    natives = ask_llama(model, accepted, tokens=6, seeds=[1])
    assert [
        text for text, native in zip(accepted, natives, strict=True) if not native.accepted
    ] == []
