"""How likely a token was, and which others could have come. Engine process only."""

from desktop.inference.messages import Logprobs, TokenChance
from desktop.inference.runtime import Runtime

# More would make reports that are longer than the pipe takes.
_MOST = 1000


def logprobs(runtime: Runtime, request: int, row: int, chosen: int, top: int) -> Logprobs:
    """Return the chance of `chosen` after `row` of the last batch, and the `top` likeliest ones.

    Probabilities are the model's own, before any sampler changed them.
    """
    # Only who asks for this pays for loading it.
    import numpy as np

    scores = np.ctypeslib.as_array(runtime.logits(row), shape=(runtime.n_vocab,))
    scores = scores.astype(np.float64)
    peak = scores.max()
    scores -= peak + np.log(np.exp(scores - peak).sum())
    count = min(top, len(scores), _MOST)
    likeliest = np.argpartition(-scores, count - 1)[:count] if count else np.array([], int)
    ordered = sorted(likeliest.tolist(), key=lambda token: -scores[token])

    def chance(token: int) -> TokenChance:
        text = runtime.piece(token, special=True).decode("utf-8", "replace")
        return TokenChance(text=text, logprob=float(scores[token]))

    return Logprobs(id=request, chosen=chance(chosen), top=[chance(token) for token in ordered])
