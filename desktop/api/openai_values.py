"""What clients of OpenAI's interface send, with the ranges that hold here. Values of one request.

Names and meanings are those of OpenAI's published interface; what it does not know (`top_k`,
`min_p`, `repeat_penalty`, mirostat, DRY, XTC, `grammar`, `reasoning_content`,
`chat_template_kwargs`) is named as llama.cpp's and vLLM's servers name it. Keys that are not here
are left out when a body is read, `dry_penalty_last_n` and `dry_sequence_breakers` among them: those
are the same for everybody. So is `lora`: which files act on a model is for the person to say.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from desktop.api.reading import (
    MOST_MESSAGES,
    Limit,
    MirostatEta,
    MirostatTau,
    Name,
    Penalty,
    Seed,
    Share,
    Temperature,
    TopK,
)

MOST_ANSWERS: Final = 8
MOST_TOOLS: Final = 128

Count: TypeAlias = Annotated[int, Meta(ge=1, le=MOST_ANSWERS)]
ToolName: TypeAlias = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_.-]{1,64}$")]
Choice: TypeAlias = Literal["none", "auto", "required"]
Parameters: TypeAlias = dict[str, Any]


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream brings besides the answer."""

    include_usage: bool | None = None


class Knobs(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are chosen, as every route has it; None takes what is set for the model."""

    model: Name = ""
    temperature: Temperature | None = None
    top_p: Share | None = None
    top_k: TopK | None = None
    min_p: Share | None = None
    repeat_penalty: Annotated[float, Meta(ge=0, le=4)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    mirostat: Annotated[int, Meta(ge=0, le=2)] | None = None
    mirostat_tau: MirostatTau | None = None
    mirostat_eta: MirostatEta | None = None
    dry_multiplier: Annotated[float, Meta(ge=0, le=100)] | None = None
    dry_base: Annotated[float, Meta(ge=0, le=100)] | None = None
    dry_allowed_length: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    xtc_probability: Share | None = None
    xtc_threshold: Share | None = None
    seed: Seed | None = None
    max_tokens: Limit | None = None
    stop: str | list[str] | None = None
    logit_bias: dict[str, Annotated[float, Meta(ge=-100, le=100)]] | None = None
    grammar: str | None = None
    n: Count | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


class ImageAddress(msgspec.Struct, frozen=True):
    """Where a picture is: a `data:` address."""

    url: str


class Part(msgspec.Struct, frozen=True):
    """A part of a message, in the words of either interface."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: ImageAddress | str | None = None


class CalledFunction(msgspec.Struct, frozen=True):
    """A function that was called; `arguments` is JSON text."""

    name: ToolName
    arguments: str = "{}"


class Call(msgspec.Struct, frozen=True):
    """A call that the model made earlier."""

    function: CalledFunction
    id: Name = ""


class ChatMessage(msgspec.Struct, frozen=True):
    """One turn of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    name: Name | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: Annotated[list[Call], Meta(max_length=MOST_TOOLS)] | None = None
    tool_call_id: Name | None = None


class Function(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function that the model may call."""

    name: ToolName
    description: str | None = None
    parameters: Parameters | None = None


class Tool(msgspec.Struct, frozen=True):
    """A tool that is offered."""

    type: str
    function: Function | None = None


class NamedFunction(msgspec.Struct, frozen=True):
    """A function by its name."""

    name: ToolName


class AllowedTools(msgspec.Struct, frozen=True):
    """Which of the tools may be called, and whether one has to be."""

    mode: Literal["auto", "required"]
    tools: list[dict[str, Any]]


class ToolChoice(msgspec.Struct, frozen=True):
    """Which tool is to be called."""

    type: str
    function: NamedFunction | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(msgspec.Struct, frozen=True):
    """The schema of an answer."""

    schema: dict[str, Any] | None = None


class ResponseFormat(msgspec.Struct, frozen=True):
    """The shape of an answer; `schema` beside the type is llama-cpp-python's way."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None
    schema: dict[str, Any] | None = None


class TemplateValues(msgspec.Struct, frozen=True):
    """What is said to the chat template."""

    enable_thinking: bool | None = None


class ChatBody(Knobs, frozen=True, kw_only=True):
    """The body of `/v1/chat/completions`."""

    messages: Annotated[list[ChatMessage], Meta(min_length=1, max_length=MOST_MESSAGES)]
    max_completion_tokens: Limit | None = None
    tools: Annotated[list[Tool], Meta(max_length=MOST_TOOLS)] | None = None
    tool_choice: Choice | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    reasoning_effort: str | None = None
    chat_template_kwargs: TemplateValues | None = None
    continue_final_message: bool | None = None
    functions: Any = None


class CompletionBody(Knobs, frozen=True, kw_only=True):
    """The body of `/v1/completions`."""

    prompt: str | list[str | int | list[int]] = ""
    suffix: str | None = None
    echo: bool | None = None
    best_of: Count | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | bool | None = None
    response_format: ResponseFormat | None = None


class EmbeddingBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `/v1/embeddings`."""

    input: str | list[str | int | list[int]]
    model: Name = ""
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Meta(ge=1, le=2**20)] | None = None
