"""A request that is refused because of what it asks for, whichever protocol it came in.

The routes raise it; what answers errors puts it into the shape that the client's protocol has.
"""

from typing import Final

# When to ask again where nothing tells how long it takes: an engine starts anew within it.
AGAIN_SECONDS: Final = 2


class Refused(Exception):
    """`message` is for whoever wrote the client: in English, without paths and without texts.

    `status` is that of HTTP; `param` names the field that is wrong, `code` what is wrong with it, in
    the words of OpenAI's interface; both may be empty. `seconds` is when to ask again, 0 for never.
    """

    def __init__(
        self, status: int, message: str, *, param: str = "", code: str = "", seconds: int = 0
    ) -> None:
        """Keep what the answer says."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.seconds = seconds
