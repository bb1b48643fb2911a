"""A formula from TeX to SVG, by latex2mathml and ziamath.

Runs in the typesetting process alone (see `typeset_child`): the libraries take a third of a second
to load and 25 MB, and hostile TeX may keep them busy.
"""

import re
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from desktop.ui.formula_glyphs import with_foreign_glyphs

__all__ = ["draw"]

_MARGIN: Final = 1.0
_MAX_SVG: Final = 1_000_000
_UNKNOWN: Final = re.compile(r">\s*\\[A-Za-z{}]")
_TAG: Final = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
_OPERATORS: Final = "argmax|argmin|Var|Cov|softmax|sign|sgn|rank|tr|diag|erf|lcm|Tr|std|var|cov"
_SUBSTITUTES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"\\(?:nonumber|notag|displaystyle)(?![A-Za-z])"), " "),
    (re.compile(r"\\label\s*\{[^{}]*\}"), ""),
    (re.compile(r"\\qed(?![A-Za-z])"), r"\\square "),
    (re.compile(rf"\\({_OPERATORS})(?![A-Za-z])"), r"\\operatorname{\1}"),
    (re.compile(r"\\[bB]igg?[lrm]?\s*(\\[{}])"), r"\1"),
    (re.compile(r"\\begin\{alignat(\*?)\}\{\d+\}"), r"\\begin{align*}"),
    (re.compile(r"\\end\{alignat\*?\}"), r"\\end{align*}"),
    (re.compile(r"\\(begin|end)\{(?:align|flalign|eqnarray|multline)\*?\}"), r"\\\1{align*}"),
)


def draw(tex: str, size: float, *, display: bool) -> tuple[str, float, float, float] | None:
    """Return the SVG with its width, ascent and descent in pixels; None for what is not known.

    `size` is the em in pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _drawn(tex, size, display=display)
        except Exception:  # noqa: BLE001 - the libraries raise whatever comes; the source is shown
            return None


def _drawn(tex: str, size: float, *, display: bool) -> tuple[str, float, float, float] | None:
    to_mathml, to_math = _library()
    tex = _TAG.sub(r"\\qquad(\\text{\1})", tex)
    for known, substitute in _SUBSTITUTES:
        tex = known.sub(substitute, tex)
    mathml = to_mathml(tex, inline=not display)
    if _UNKNOWN.search(mathml):
        return None
    math = to_math(mathml, size=size, margin=_MARGIN)
    svg = math.svg()
    box = math.node.bbox
    width, ascent, descent = box.xmax - box.xmin, box.ymax, -box.ymin
    if len(svg) > _MAX_SVG or width <= 0:
        return None
    edge = 2 * _MARGIN
    return svg, width + edge, ascent + _MARGIN, descent + edge - _MARGIN


@cache
def _library() -> tuple[Callable[..., str], Callable[..., Any]]:
    """Return what turns TeX into MathML and MathML into a drawing."""
    from ziamath.config import config
    from ziamath.tex import tex2mml
    from ziamath.zmath import Math, loadedfonts

    config.svg2 = False
    config.precision = 2
    with_foreign_glyphs(loadedfonts["default"])
    return tex2mml, Math
