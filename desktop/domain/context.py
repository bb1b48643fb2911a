"""How much of the context window a question would take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContextCount:
    """Tokens of what would be sent, of the `room` that the model has.

    `exact` counts come from the model's own tokeniser and template; others are estimates made
    before it is loaded. The parts add up to `total`; `attachments` are those of the draft.
    """

    room: int
    system: int = 0
    history: int = 0
    attachments: int = 0
    draft: int = 0
    exact: bool = True

    @property
    def total(self) -> int:
        """Tokens of everything that would be sent."""
        return self.system + self.history + self.attachments + self.draft

    @property
    def free(self) -> int:
        """Tokens left for the answer; negative when it does not fit."""
        return self.room - self.total


@dataclass(frozen=True, slots=True)
class LargerContext:
    """A window of `n_ctx` tokens instead of `now`, for `extra` bytes of memory more."""

    n_ctx: int
    now: int
    extra: int
