"""What clients of Ollama may ask, word for word, and what becomes of it: no server and no model."""

import base64
import json
from types import SimpleNamespace

import pytest

from desktop.api.ollama_answers import Piece, Telling, in_chat, in_generate
from desktop.api.ollama_requests import InForce, chat_request, generate_request
from desktop.api.ollama_values import ChatBody, GenerateBody, kept_seconds
from desktop.api.reading import read
from desktop.api.refused import Refused
from desktop.domain.chat import (
    ChatRequest,
    Event,
    Finished,
    GrammarKind,
    ReasoningDelta,
    Role,
    Sampling,
    StopReason,
    TextDelta,
    TokenChance,
    TokenChosen,
    ToolCall,
    ToolCalled,
    Usage,
)

_USUAL = Sampling(temperature=0.3, top_k=12, seed=5, max_tokens=99, stop=("END",))
_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\nrest").decode()
_HI = {"role": "user", "content": "Hi"}


def _chat(usual: InForce | None = None, **fields: object) -> ChatRequest:
    body = json.dumps({"model": "m", "messages": [_HI], **fields}).encode()
    return chat_request(read(ChatBody, body), usual or InForce(_USUAL))


def _generate(usual: InForce | None = None, **fields: object) -> ChatRequest:
    body = json.dumps({"model": "m", "prompt": "Hi", **fields}).encode()
    return generate_request(read(GenerateBody, body), usual or InForce(_USUAL))


def test_where_a_client_says_nothing_what_is_in_force_for_the_model_holds() -> None:
    request = _chat(InForce(_USUAL, template="chatml"))

    assert request.sampling == _USUAL
    assert request.builtin_template == "chatml"
    assert request.thinking is None
    assert request.grammar is None
    assert not request.keep_state


def test_options_take_the_place_of_what_is_in_force() -> None:
    options = {"temperature": 1, "top_k": 40.0, "seed": 7.0, "num_predict": 8, "stop": ["a", ""]}
    options |= {"repeat_penalty": 1.1, "min_p": 0, "mirostat": 2, "num_ctx": 10**9, "num_gpu": 99}

    sampling = _chat(options=options).sampling

    assert (sampling.temperature, sampling.top_k, sampling.seed) == (1.0, 40, 7)
    assert (sampling.max_tokens, sampling.stop, sampling.mirostat) == (8, ("a",), 2)
    assert (sampling.repeat_penalty, sampling.min_p, sampling.top_p) == (1.1, 0.0, _USUAL.top_p)


@pytest.mark.parametrize("length", [-1, -2, 0])
def test_an_answer_without_a_limit_goes_on_until_the_context_is_full(length: int) -> None:
    assert _chat(options={"num_predict": length}).sampling.max_tokens is None


def test_a_seed_below_zero_is_another_one_each_time() -> None:
    assert _chat(options={"seed": -1}).sampling.seed is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", 5.1),
        ("temperature", "hot"),
        ("top_p", 1.1),
        ("min_p", -1),
        ("top_k", 1001),
        ("top_k", 1.5),
        ("seed", 2**32),
        ("seed", 1e300),
        ("num_predict", 2**40),
        ("presence_penalty", 3),
        ("mirostat", 3),
        ("stop", ["x"] * 17),
        ("stop", "x" * 257),
        ("stop", [1]),
    ],
)
def test_a_number_out_of_range_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(Refused) as caught:
        _chat(options={name: value})

    assert caught.value.status == 400
    assert name in caught.value.param


@pytest.mark.parametrize("text", [b'{"options": {"temperature": NaN}}', b"[]", b"", b'{"model": 1'])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(Refused):
        read(ChatBody, text)


def test_a_turn_of_a_tool_answers_the_call_of_its_name() -> None:
    calls = [
        {"function": {"name": "add", "arguments": {"a": 1}}},
        {"function": {"name": "say", "arguments": '{"b": 2}'}},
    ]
    request = _chat(
        messages=[
            _HI,
            {"role": "assistant", "content": "", "tool_calls": calls},
            {"role": "tool", "tool_name": "say", "content": "two"},
            {"role": "tool", "content": "one"},
        ]
    )

    _, assistant, say, add = request.messages
    assert [call.name for call in assistant.tool_calls] == ["add", "say"]
    assert [json.loads(call.arguments) for call in assistant.tool_calls] == [{"a": 1}, {"b": 2}]
    assert (say.tool_call_id, say.name) == (assistant.tool_calls[1].id, "say")
    assert (add.tool_call_id, add.name) == (assistant.tool_calls[0].id, "add")


def test_a_turn_that_the_assistant_began_is_gone_on_with() -> None:
    request = _chat(messages=[_HI, {"role": "assistant", "content": "Once", "thinking": "So."}])

    assert request.continue_answer
    assert request.messages[-1].reasoning == "So."


def test_several_system_texts_at_the_head_become_one() -> None:
    system = [{"role": "system", "content": words} for words in ("Be brief.", "Be kind.")]

    request = _chat(messages=[*system, _HI])

    assert [message.role for message in request.messages] == [Role.SYSTEM, Role.USER]
    assert request.messages[0].content == "Be brief.\n\nBe kind."


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "developer", "content": "x"},
        {"content": "x"},
        {"role": "user", "content": ["x"]},
        {"role": "user", "content": "x", "tool_calls": [{"function": {"name": "f"}}]},
        {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}] * 65},
        {"role": "assistant", "tool_calls": [{"function": {}}]},
        {"role": "system", "content": "x", "images": [_PNG]},
    ],
)
def test_a_turn_that_makes_no_sense_is_refused(turn: dict[str, object]) -> None:
    with pytest.raises(Refused):
        _chat(messages=[turn])


def test_tools_are_handed_on_and_must_have_names() -> None:
    tool = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}

    assert json.loads(_chat(tools=[tool]).tools[0]) == tool
    broken_ones: list[dict[str, object]] = [{}, {"function": {}}, {**tool, "type": "web"}]
    for broken in broken_ones:
        with pytest.raises(Refused):
            _chat(tools=[broken])


def test_a_shape_is_json_of_any_kind_or_a_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}

    any_json, shaped = _chat(format="json").grammar, _chat(format=schema, think=True)

    assert any_json is not None
    assert any_json.kind is GrammarKind.JSON_SCHEMA
    assert json.loads(any_json.text) == {"type": "object"}
    assert shaped.grammar is not None
    assert json.loads(shaped.grammar.text) == schema
    assert shaped.thinking is False, "the shape holds from the first token on"
    assert _chat(format="").grammar is None
    for odd in ("yaml", 3, {"enum": ["x" * 70_000]}):
        with pytest.raises(Refused):
            _chat(format=odd)


@pytest.mark.parametrize(("think", "expected"), [(True, True), (False, False), ("high", True)])
def test_thinking_is_asked_for_or_forbidden(think: object, expected: bool) -> None:
    assert _chat(think=think).thinking is expected
    with pytest.raises(Refused):
        _chat(think="a lot")


def test_pictures_are_taken_where_the_model_sees() -> None:
    seeing = InForce(_USUAL, sees=True)
    turn = {**_HI, "images": [_PNG]}

    picture = _chat(seeing, messages=[turn]).messages[0].pictures[0]

    assert picture.media_type == "image/png"
    assert picture.data == base64.b64decode(_PNG)
    assert _chat(InForce(sees=None), messages=[turn]).messages[0].pictures, "its server will say"
    assert _generate(seeing, images=[_PNG]).messages[0].pictures == (picture,)
    with pytest.raises(Refused, match="cannot see"):
        _chat(messages=[turn])
    for broken in (
        "%%%",
        base64.b64encode(b"MZ no picture").decode(),
        "https://evil.example/x.png",
    ):
        with pytest.raises(Refused):
            _chat(seeing, messages=[{**_HI, "images": [broken]}])


def test_one_question_is_a_conversation_of_its_own() -> None:
    request = _generate(system="Be brief.")

    assert [(turn.role, turn.content) for turn in request.messages] == [
        (Role.SYSTEM, "Be brief."),
        (Role.USER, "Hi"),
    ]
    assert request.prompt is None


def test_a_raw_prompt_is_gone_on_with_as_it_stands() -> None:
    request = _generate(raw=True)

    assert (request.prompt, request.prompt_special, request.messages) == ("Hi", True, ())


def test_a_suffix_asks_for_what_stands_between() -> None:
    request = _generate(suffix=" there")

    assert (request.prompt, request.suffix) == ("Hi", " there")


@pytest.mark.parametrize(
    "fields",
    [
        {"template": "{{ .Prompt }}"},
        {"context": [1, 2, 3]},
        {"raw": True, "system": "x"},
        {"raw": True, "images": [_PNG]},
    ],
)
def test_what_would_change_the_prompt_and_cannot_be_done_is_refused(
    fields: dict[str, object],
) -> None:
    with pytest.raises(Refused) as caught:
        _generate(InForce(_USUAL, sees=True), **fields)

    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *((None, None), (0, 0), (0.0, 0), ("0", 0), ("0s", 0), ("5m", 300), ("1h30m", 5400)),
        *((-1, -1), ("-1", -1), ("-1m", -60), ("1.5s", 1.5), ("250ms", 0.25), (" 10 ", 10)),
    ],
)
def test_how_long_a_model_is_kept_is_read_as_go_writes_it(
    written: float | str | None, seconds: float | None
) -> None:
    assert kept_seconds(written) == seconds


@pytest.mark.parametrize("written", ["", "soon", "5 minutes", "5m!", "nan", "inf", "-"])
def test_a_time_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(Refused):
        kept_seconds(written)


@pytest.mark.parametrize(("seconds", "writing"), [(5.0, 2.0), (3.8, 1.8)])
def test_an_account_adds_up_and_counts_only_what_was_decoded(
    monkeypatch: pytest.MonkeyPatch, seconds: float, writing: float
) -> None:
    clock = iter((100.0, 100.0 + seconds))
    monkeypatch.setattr(
        "desktop.api.ollama_answers.time", SimpleNamespace(monotonic=lambda: next(clock))
    )
    usage = Usage(
        prompt_tokens=100,
        cached_tokens=60,
        completion_tokens=10,
        ttft_ms=1,
        prefill_tps=20,
        decode_tps=5,
    )

    end = Telling("m", in_generate).end(Piece(text="Hi"), Finished(StopReason.LENGTH, usage))

    assert end["response"] == "Hi"
    assert (end["done"], end["done_reason"]) == (True, "length")
    assert (end["prompt_eval_count"], end["eval_count"]) == (100, 10)
    parts = [end[f"{part}_duration"] for part in ("load", "prompt_eval", "eval")]
    assert parts == pytest.approx([(seconds - 2 - writing) * 1e9, 2e9, writing * 1e9], abs=2)
    assert sum(parts) == pytest.approx(end["total_duration"], abs=2)


def test_a_piece_tells_text_thinking_calls_and_chances() -> None:
    piece = Piece()
    chance = TokenChance("ä", float("-inf"))
    events: list[Event] = [
        ReasoningDelta("Hm."),
        TextDelta("a"),
        TextDelta("b"),
        ToolCalled(ToolCall("call_1", "add", '{"a": 1}')),
        TokenChosen(chance, (chance,)),
    ]

    assert [piece.take(event) for event in events] == [True, True, True, True, False]
    told = Telling("m:latest", in_chat).piece(piece)
    assert (told["model"], told["done"]) == ("m:latest", False)
    assert told["message"] == {
        "role": "assistant",
        "content": "ab",
        "thinking": "Hm.",
        "tool_calls": [
            {"id": "call_1", "function": {"index": 0, "name": "add", "arguments": {"a": 1}}}
        ],
    }
    told_chance = {"token": "ä", "logprob": -9999.0, "bytes": [195, 164]}
    assert told["logprobs"] == [{**told_chance, "top_logprobs": [told_chance]}]


def test_an_answer_that_was_stopped_here_never_looks_complete() -> None:
    with pytest.raises(Refused, match="stopped"):
        Telling("m", in_chat).end(Piece(), Finished(StopReason.STOPPED, Usage(0, 0, 0, 0, 0, 0)))


def test_calls_of_a_foreign_server_that_are_no_objects_do_no_harm() -> None:
    for arguments in ("[1]", "nonsense", ""):
        piece = Piece(calls=[ToolCall("1", "f", arguments)])
        message = Telling("m", in_chat).piece(piece)["message"]
        assert message["tool_calls"][0]["function"]["arguments"] == {}
