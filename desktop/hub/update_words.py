"""Why nothing became known of new versions, in words for people. Pure; any thread."""

from desktop.domain.errors import AccessDenied, NetworkError, NotTrusted, Offline, TooManyRequests
from desktop.domain.text import Text
from desktop.domain.updates import Refusal


def refusal_words(refusal: Refusal) -> tuple[Text, Text]:
    """Return the fact, and what to do about it."""
    match refusal:
        case Refusal.DAMAGED:
            return (
                Text("What came as news of new versions cannot be read"),
                Text(
                    "The login page of a network may be in the way: open any page in a browser, "
                    "then check again."
                ),
            )
        case Refusal.UNKNOWN_KEY:
            return (
                Text("The news of new versions is signed by somebody this Lapis does not know"),
                Text(
                    "It is ignored. If that stays so, look at the page of Lapis yourself: this "
                    "version may be too old to know the new signature."
                ),
            )
        case Refusal.FORGED:
            return (
                Text("The news of new versions is not what the makers of Lapis signed"),
                Text("It is ignored: somebody on the way may have changed it."),
            )
        case Refusal.EXPIRED:
            return (
                Text("The news of new versions is out of date"),
                Text(
                    "Perhaps somebody holds back newer news, or the date of this computer is wrong."
                    " Look at the page of Lapis yourself."
                ),
            )
        case Refusal.REPLAYED:
            return (
                Text("The news of new versions is older than what was known already"),
                Text(
                    "It is ignored: somebody may be repeating an old file to hold back a new one."
                ),
            )


def in_other_words(error: NetworkError) -> NetworkError:
    """Return the failure of a request with a next step that fits here.

    Those of the hub's door speak of other sources for models.
    """
    if isinstance(error, Offline | TooManyRequests | AccessDenied):
        return error
    if isinstance(error, NotTrusted):
        hint = Text(
            "Check the date of this computer. The login page of a network may also be in the way."
        )
    else:
        hint = Text("Check again later. Lapis works without it.")
    return type(error)(error.title, hint)
