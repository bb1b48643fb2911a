"""A terminal chat's memory: model, system prompt, what was said. Kept in memory only."""

from dataclasses import dataclass, field, replace

from desktop.base.translation import Translator
from desktop.domain.chat import ChatRequest, Message, Role
from desktop.domain.model import InstalledModel
from desktop.terminal.choosing import Terms


@dataclass(slots=True)
class Session:
    """Changes with each turn and each command."""

    model: InstalledModel
    terms: Terms = field(default_factory=Terms)
    history: list[Message] = field(default_factory=list[Message])

    @property
    def system(self) -> str:
        """The system prompt that holds for the model, empty for none."""
        return self.terms.settings_for(self.model).system_prompt

    @system.setter
    def system(self, text: str) -> None:
        """Let `text` hold for this model and every other one."""
        self.terms = replace(self.terms, choices=replace(self.terms.choices, system=text))

    @property
    def anyway(self) -> bool:
        """Whether the model was loaded although it crashed here."""
        return self.terms.choices.anyway

    def request(self, question: str) -> ChatRequest:
        """Return the conversation so far with `question` at its end."""
        settings = self.terms.settings_for(self.model)
        prompt = settings.system_prompt
        system = (Message(Role.SYSTEM, prompt),) if prompt else ()
        messages = (*system, *self.history, Message(Role.USER, question))
        template, sampling = self.terms.template_for(self.model), settings.sampling
        # What is asked in the terminal is written nowhere, and no other session goes on with it.
        return ChatRequest(
            messages,
            sampling,
            builtin_template=template,
            adapters=self.terms.choices.adapters,
            keep_state=False,
        )

    def switch(self, model: InstalledModel) -> None:
        """Let `model` answer from now on; what was asked for the earlier one alone is over."""
        self.model = model
        choices = replace(self.terms.choices, template=None, adapters=(), anyway=False)
        self.terms = replace(self.terms, choices=choices)

    def remember(self, question: str, answer: str) -> None:
        """Keep a turn; one without any answer is forgotten, so that speakers keep alternating."""
        if answer:
            self.history += [Message(Role.USER, question), Message(Role.ASSISTANT, answer)]

    def as_markdown(self, words: Translator) -> str:
        """Return the whole chat as a Markdown document."""
        parts = [
            f"# {words.say('Chat with Lapis')}",
            words.say("Model: {name}", name=model_title(self.model, words)),
        ]
        if self.system:
            parts += [f"## {words.say('System prompt')}", self.system]
        for message in self.history:
            speaker = words.say("You") if message.role is Role.USER else "Lapis"
            parts += [f"## {speaker}", message.content]
        return "\n\n".join(parts) + "\n"


def model_title(model: InstalledModel, words: Translator) -> str:
    """Return what a model is called on the screen."""
    return words.say("Built-in guide") if model.is_guide else model.title
