"""What clients send to `/v1/responses`, with the ranges that hold here. Values of one request."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from desktop.api.openai_values import (
    MOST_TOOLS,
    AllowedTools,
    Choice,
    Function,
    Knobs,
    Parameters,
    Part,
    ResponseFormat,
    Tool,
    ToolName,
)
from desktop.api.reading import MOST_MESSAGES, Name, Tokens


class Item(msgspec.Struct, frozen=True):
    """A turn, a call of a function, its result, or thinking; a turn may leave its type out."""

    type: str = "message"
    role: Literal["system", "developer", "user", "assistant"] | None = None
    content: str | list[Part] | None = None
    call_id: Name | None = None
    name: ToolName | None = None
    arguments: str | None = None
    output: str | list[Part] | None = None
    summary: list[Part] | None = None


class FlatTool(msgspec.Struct, frozen=True):
    """A tool as this route has it, its function not inside of it."""

    type: str
    name: ToolName | None = None
    description: str | None = None
    parameters: Parameters | None = None
    strict: bool | None = None

    def nested(self) -> Tool:
        """Return the tool as chats have it."""
        if self.type != "function" or self.name is None:
            return Tool(self.type)
        return Tool(self.type, Function(self.name, self.description, self.parameters))


class FlatChoice(msgspec.Struct, frozen=True):
    """Which tool is to be called."""

    type: str
    name: ToolName | None = None
    mode: Literal["auto", "required"] | None = None
    tools: list[dict[str, Any]] | None = None

    def allowed(self) -> AllowedTools | None:
        """Return the tools among which the model may choose, if that is what is said."""
        if self.mode is None or self.tools is None:
            return None
        return AllowedTools(self.mode, self.tools)


class TextFormat(ResponseFormat, frozen=True):
    """The shape of an answer, its schema beside its type."""

    name: str | None = None


class TextConfig(msgspec.Struct, frozen=True):
    """What is said of the text of an answer."""

    format: TextFormat | None = None


class Reasoning(msgspec.Struct, frozen=True):
    """How much is thought before the answer."""

    effort: str | None = None


class ResponseBody(Knobs, frozen=True, kw_only=True):
    """The body of `/v1/responses`."""

    input: str | Annotated[list[Item], Meta(max_length=MOST_MESSAGES)]
    instructions: str | None = None
    previous_response_id: Name | None = None
    max_output_tokens: Tokens | None = None
    tools: Annotated[list[FlatTool], Meta(max_length=MOST_TOOLS)] | None = None
    tool_choice: Choice | FlatChoice | None = None
    parallel_tool_calls: bool | None = None
    text: TextConfig | None = None
    reasoning: Reasoning | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    include: list[str] | None = None
    metadata: (
        Annotated[
            dict[
                Annotated[str, Meta(max_length=64)],
                Annotated[str, Meta(max_length=512)],
            ],
            Meta(max_length=16),
        ]
        | None
    ) = None
    store: bool | None = None
    background: bool | None = None
    conversation: Any = None
    prompt: Any = None
