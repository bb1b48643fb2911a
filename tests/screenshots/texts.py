"""What is said in the pictures, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from desktop.domain.settings import Language


@dataclass(frozen=True, slots=True)
class Talk:
    """A question with its answer, and answers that were given before.

    `document` is the name of a file of 12 pages that goes with the question.
    """

    title: str
    question: str
    answer: str
    earlier: tuple[str, ...] = ()
    reasoning: str = ""
    thinking_seconds: float = 0.0
    document: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """The chats of one person; `talks` are the last ones, the last of the list on top.

    `lease` is about a document, `harvest` ended before its time, `minutes` were too much to begin
    with.
    `reply` is what a stand-in for a model says in the popup to `question` about `selected`.
    """

    pinned: str
    folder: str
    in_folder: tuple[str, ...]
    others: tuple[str, ...]
    lease: Talk
    harvest: Talk
    minutes: Talk
    talks: tuple[Talk, ...]
    searched: str
    draft: str
    letter: str
    selected: str
    question: str
    reply: str


_CODE: Final = """```python
def square_root(a: float, steps: int = 6) -> float:
    x = a if a > 1 else 1.0
    for _ in range(steps):
        x = (x + a / x) / 2  # {mean}
    return x
```"""

_ENGLISH: Final = Texts(
    pinned="Weekly report",
    folder="Thesis",
    in_folder=("References in one style", "Outline of chapter two"),
    others=("Three days in Kyoto", "A regular expression", "A letter to the landlord"),
    lease=Talk(
        "Leaving the flat early",
        "What does it cost to leave before the year is over?",
        "**Two months' rent**, unless somebody else takes the flat.\n\n"
        "- Notice is three months, in writing (page 4).\n"
        "- Whoever leaves in the first year pays two months' rent (page 7).\n"
        "- Nothing is due if you name a new tenant whom the landlord accepts (page 7).\n\n"
        "> “The sum is not owed from the day on which another tenant moves in.” (page 8)",
        document="Lease of the flat.pdf",
    ),
    harvest=Talk(
        "The harvest of last year",
        "Sum up the report on the harvest in ten lines.",
        "Rain in May delayed the sowing by two weeks, and the wheat stayed a tenth below the mean "
        "of ten years. Barley did better:",
    ),
    minutes=Talk(
        "The minutes of a year",
        "Which decisions in the minutes of this year contradict each other?",
        "",
    ),
    talks=(
        Talk(
            "Which bread keeps longest?",
            "Which bread keeps longest without a freezer?",
            "**Sourdough rye.** Its acid slows mould, and rye holds water, so it stays soft for a "
            "week where white bread is stale after two days.\n\n"
            "1. Keep it cut side down on a board, for a day.\n"
            "2. Then in a linen bag inside a bread box.\n"
            "3. Never in the fridge: bread goes stale fastest at 4 °C.\n\n"
            "> Crumbs from yesterday's loaf, a fifth of the flour, make the next one keep longer.",
            reasoning="Staling is starch crystallising, fastest just above freezing. Mould is the "
            "other limit: acid and dryness slow it. Rye has pentosans, which hold water.",
            thinking_seconds=3.2,
        ),
        Talk(
            "Newton's method",
            "Write Newton's method for square roots in Python, and say how fast it converges.",
            "Start with any guess $x_0$ and take, in each step, the mean of it and $a/x_0$:\n\n"
            "$$x_{n+1} = \\frac{1}{2}\\left(x_n + \\frac{a}{x_n}\\right)$$\n\n"
            + _CODE.format(mean="the mean")
            + "\n\nIt converges **quadratically**: each step about doubles the correct digits.\n\n"
            "| step | $\\sqrt{2}$ so far | digits |\n|---|---|---|\n"
            "| 2 | 1.4167 | 2 |\n| 3 | 1.414216 | 5 |\n",
            earlier=("Newton's method repeats `x = (x + a / x) / 2` until it no longer changes.",),
        ),
    ),
    searched="kyoto",
    draft="Say it in one sentence",
    letter="Letter to the landlord",
    selected="Pursuant to clause 7 the tenant shall be held liable for all wear.",
    question="Is that fair?",
    reply="Mostly not. Ordinary wear is the landlord's cost in most countries, whatever the "
    "contract says. Ask him to write: damage beyond normal wear.",
)

_CHINESE: Final = Texts(
    pinned="每周报告",
    folder="论文",
    in_folder=("统一参考文献格式", "第二章提纲"),
    others=("京都三日游", "一个正则表达式", "给房东的信"),
    lease=Talk(
        "提前退租",
        "租期不满一年就退租，要付多少钱？",
        "**两个月的房租**，除非有人接手。\n\n"
        "- 须提前三个月书面通知（第 4 页）。\n"
        "- 第一年内退租的，支付两个月房租（第 7 页）。\n"
        "- 如能推荐房东认可的新租户，则无须支付（第 7 页）。\n\n"
        "> “自新租户入住之日起，不再收取该款项。”（第 8 页）",
        document="租房合同.pdf",
    ),
    harvest=Talk(
        "去年的收成",
        "用十行话概括这份收成报告。",
        "五月的雨水让播种推迟了两周，小麦比十年平均低一成。大麦的情况好一些：",
    ),
    minutes=Talk(
        "全年的会议纪要",
        "今年的会议纪要里，有哪些决定互相矛盾？",
        "",
    ),
    talks=(
        Talk(
            "哪种面包放得最久？",
            "不放冰箱冷冻，哪种面包放得最久？",
            "**酸种黑麦面包。**它的酸味能抑制霉菌，黑麦又能锁住水分，"
            "放一周仍然松软；白面包两天就干了。\n\n"
            "1. 第一天切面朝下放在案板上。\n"
            "2. 之后装进亚麻布袋，放入面包箱。\n"
            "3. 不要放冷藏室：4 °C 时面包老化最快。\n\n"
            "> 做下一个面包时掺入五分之一的旧面包屑，能放得更久。",
            reasoning="老化是淀粉重新结晶，略高于冰点时最快。另一个限制是霉菌：酸和干燥都能减缓它。",
            thinking_seconds=3.2,
        ),
        Talk(
            "牛顿迭代法",
            "用 Python 写出求平方根的牛顿迭代法，并说明它收敛得多快。",
            "任取初值 $x_0$，每一步取它与 $a/x_0$ 的平均数：\n\n"
            "$$x_{n+1} = \\frac{1}{2}\\left(x_n + \\frac{a}{x_n}\\right)$$\n\n"
            + _CODE.format(mean="平均数")
            + "\n\n它是**二次收敛**的：每走一步，正确的位数大约翻一倍。\n\n"
            "| 步数 | 目前的 $\\sqrt{2}$ | 正确位数 |\n|---|---|---|\n"
            "| 2 | 1.4167 | 2 |\n| 3 | 1.414216 | 5 |\n",
            earlier=("牛顿法反复计算 `x = (x + a / x) / 2`，直到结果不再变化。",),
        ),
    ),
    searched="京都",
    draft="用一句话概括",
    letter="给房东的信",
    selected="根据第七条，租户应对房屋的一切磨损承担责任。",
    question="这样合理吗？",
    reply="多半不合理。正常磨损通常由房东承担，合同另写也未必有效。可以请对方改为：超出正常使用的损坏。",
)

TEXTS: Final[Mapping[Language, Texts]] = MappingProxyType(
    {Language.ENGLISH: _ENGLISH, Language.CHINESE: _CHINESE}
)
