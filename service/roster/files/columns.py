"""The tables of a plan in files: what each is, its columns, and how people are told of them.

The reader and the empty templates go by these same definitions: what a template offers is read, and
what is read is explained. Headers are in English and Chinese; the first of each language is what a
template is headed with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from service.roster.files import cells
from service.roster.files.cells import Parser
from service.roster.files.spellings import (
    as_stands,
    plain_amount,
    plain_answer,
    plain_day,
    plain_month,
    plain_part,
)

ENGLISH, CHINESE = "en", "zh"


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence in both languages."""

    en: str
    zh: str

    def in_(self, language: str) -> str:
        return self.zh if language == CHINESE else self.en


@dataclass(frozen=True, slots=True)
class Kind:
    """What the cells of a column look like: how they are read, and how that is said."""

    parse: Parser
    words: Words
    plain: Callable[[str], str] = as_stands
    """The plain spelling of what people write instead."""
    is_text: bool = False
    """Whether a spreadsheet must not take it for a number or a day."""


KEY: Final = Kind(
    cells.key, Words("an id, up to 128 characters", "编号，最多 128 个字符"), is_text=True
)
TEXT: Final = Kind(cells.text, Words("text", "文字"), is_text=True)
PEERS: Final = Kind(
    cells.peers, Words("text, up to 128 characters", "文字，最多 128 个字符"), is_text=True
)
AMOUNT: Final = Kind(
    cells.amount, Words("an amount in the plan's currency", "金额，以方案币种计"), plain_amount
)
SALES: Final = Kind(
    cells.number,
    Words("an amount in the plan's currency, any decimals", "金额，以方案币种计，小数位不限"),
    plain_amount,
)
NUMBER: Final = Kind(
    cells.number, Words("a number, in the unit of its measure", "数值，单位同考核项"), plain_amount
)
SPREAD: Final = Kind(
    cells.spread, Words("a number above 0, at most 10", "大于 0 且不超过 10 的数"), plain_part
)
FACTOR: Final = Kind(
    cells.factor, Words("a factor above 0, at most 10", "大于 0 且不超过 10 的倍数"), plain_part
)
POSITIVE: Final = Kind(
    cells.positive, Words("a number above 0, at most 100", "大于 0 且不超过 100 的数"), plain_part
)
SHARE: Final = Kind(
    cells.share, Words("0 to 1, or 0% to 100%", "0 到 1，或 0% 到 100%"), plain_part
)
MARGIN: Final = Kind(cells.margin, Words("a share of -1 to 1", "-1 到 1 的比例"), plain_part)
HEDGE: Final = Kind(cells.hedge, Words("-0.9 to 10", "-0.9 到 10"), plain_part)
DAY: Final = Kind(cells.day, Words("a day, YYYY-MM-DD", "日期，YYYY-MM-DD"), plain_day)
MONTH: Final = Kind(
    cells.month, Words("a month, YYYY-MM", "月份，YYYY-MM"), plain_month, is_text=True
)
YES_OR_NO: Final = Kind(
    cells.yes_or_no, Words("true or false", "true 或 false，也可填是或否"), plain_answer
)


def one_of(*options: str) -> Kind:
    return Kind(
        cells.one_of(*options),
        Words(" or ".join(options), " 或 ".join(options)),
        is_text=True,
    )


@dataclass(frozen=True, slots=True)
class Field:
    """A field, the headers that mean it (the first that is there counts), and its cells."""

    name: str
    headers: tuple[str, ...]
    chinese: tuple[str, ...]
    kind: Kind
    words: Words
    example: str
    required: bool = False

    @property
    def all_headers(self) -> tuple[str, ...]:
        return self.headers + self.chinese

    def header(self, language: str) -> str:
        """What a template calls it."""
        return (self.chinese if language == CHINESE else self.headers)[0]


@dataclass(frozen=True, slots=True)
class Columns:
    """A table: the name of its file or sheet, also in Chinese, and its columns."""

    name: str
    chinese: str
    words: Words
    fields: tuple[Field, ...]

    def title(self, language: str) -> str:
        return self.chinese if language == CHINESE else self.name


_REP_HEADERS: Final = (
    "销售员编号", "销售员id", "员工编号", "员工工号", "工号", "人员编号", "销售员",
)  # fmt: skip
_UNIT_HEADERS: Final = ("组织编号", "所属组织", "组织", "部门")
_TERRITORY_HEADERS: Final = ("辖区编号", "辖区", "客户辖区")
_FROM: Final = ("开始日期", "生效日期", "起始日期")
_TO: Final = ("结束日期", "截止日期", "失效日期")


def _rep(words: Words, *, required: bool = False) -> Field:
    return Field("rep", ("rep_id", "rep"), _REP_HEADERS, KEY, words, "r1", required)


def _territory(words: Words, example: str, *, required: bool = False) -> Field:
    headers = "territory_id", "territory"
    return Field("territory", headers, _TERRITORY_HEADERS, KEY, words, example, required)


_FIRST_DAY: Final = Words("First day; blank: from the beginning", "第一天；空白表示从一开始")
_LAST_DAY: Final = Words("Last day; blank: without an end", "最后一天；空白表示没有期限")

UNITS: Final = Columns(
    "units",
    "组织",
    Words(
        "One row for each organisation unit. Without it, units are made from the reps' columns.",
        "每个组织一行。没有此表时，组织由销售员表中的列生成。",
    ),
    (
        Field("id", ("unit_id", "id"), _UNIT_HEADERS, KEY,
              Words("Your key of the unit", "组织的编号"), "west", required=True),
        Field("name", ("name",), ("名称", "组织名称"), TEXT,
              Words("What people call it", "组织的名称"), "West"),
        Field("parent", ("parent", "parent_id"), ("上级组织", "上级编号", "上级"), KEY,
              Words("The unit above it; blank at the top", "上级组织的编号；最上级留空"), "all"),
        Field("owner", ("owner", "owner_id"), ("负责人", "负责人编号"), KEY,
              Words("Who answers for it", "负责人的编号"), "m1"),
        Field("min", ("min",), ("下限", "最低"), AMOUNT,
              Words("The least that it carries", "最少承担的目标"), "0"),
        Field("max", ("max",), ("上限", "最高"), AMOUNT,
              Words("The most that it carries", "最多承担的目标"), "600000"),
        Field("target", ("target",), ("目标", "组织目标"), AMOUNT,
              Words("Exactly what it carries; then leave min and max blank",
                    "恰好承担的目标；填写时下限和上限留空"), ""),
        Field("over_assignment", ("over_assignment",), ("目标加码",), HEDGE,
              Words("How much its reps carry beyond its own target; 0.05 is 5 %",
                    "下属销售员合计超出本组织目标的比例；0.05 即 5%"), "0.05"),
    ),
)  # fmt: skip
REPS: Final = Columns(
    "reps",
    "销售员",
    Words(
        "One row for each rep. Columns cohort:NAME hold peer groups, as in cohort:role.",
        "每位销售员一行。名为“对比组:名称”的列填写对比组，例如 对比组:职级。",
    ),
    (
        Field("id", ("rep_id", "id"), _REP_HEADERS, KEY,
              Words("Your key of the rep", "销售员的编号"), "r1", required=True),
        Field("name", ("name",), ("姓名", "销售员姓名", "名称"), TEXT,
              Words("The rep's name", "销售员的姓名"), "Ann Lee"),
        Field("unit", ("unit", "unit_id", "team_id"), _UNIT_HEADERS, KEY,
              Words("The unit that the rep belongs to", "所属组织的编号"), "west"),
        Field("team", ("team",), ("团队", "小组"), KEY,
              Words("The team, where no unit is given", "团队；未填组织时使用"), "team-1"),
        Field("region", ("region",), ("区域", "大区", "地区"), KEY,
              Words("The region above the team", "团队所在的区域"), "west-coast"),
        Field("vacant", ("vacant",), ("空岗", "空缺"), YES_OR_NO,
              Words("A seat to be filled: carries quota from the day of hiring on",
                    "待招岗位：自入职日期起承担目标"), "false"),
        Field("baseline", ("baseline",), ("基准业绩",), SALES,
              Words("Expected sales at normal effort; blank: estimated",
                    "正常努力下的预期业绩；空白则自动估算"), "250000"),
        Field("reach", ("reach",), ("可增空间",), SALES,
              Words("What the rep can add to that; blank: estimated",
                    "可在基准上增加的金额；空白则自动估算"), "50000"),
        Field("sigma", ("sigma",), ("业绩波动", "波动"), SPREAD,
              Words("How uncertain the sales are, on a logarithmic scale",
                    "业绩的不确定程度（对数尺度）"), "0.25"),
        Field("potential", ("potential",), ("潜力", "市场潜力"), SALES,
              Words("What the rep's territories could yield", "所辖市场可能的业绩"), "900000"),
        Field("capacity", ("capacity",), ("产能",), SALES,
              Words("The most that the rep can carry", "最多能承担的金额"), "400000"),
        Field("margin", ("margin",), ("毛利率",), MARGIN,
              Words("Gross margin of what the rep sells; 0.35 is 35 %",
                    "所售产品的毛利率；0.35 即 35%"), "0.35"),
        Field("min", ("min",), ("下限", "最低"), AMOUNT,
              Words("The least quota", "最低目标"), "200000"),
        Field("max", ("max",), ("上限", "最高"), AMOUNT,
              Words("The largest quota", "最高目标"), "350000"),
        Field("fixed", ("fixed",), ("锁定", "锁定目标"), AMOUNT,
              Words("The quota, where it is decided already", "已确定的目标"), ""),
        Field("last_year", ("last_year",), ("去年业绩", "上年业绩", "去年完成额"), SALES,
              Words("What the rep sold last year", "去年实际业绩"), "231000"),
        Field("fte", ("fte",), ("在岗比例", "编制"), POSITIVE,
              Words("Part of a full position: 0.5 is half time", "全职的比例：0.5 为半职"), "1"),
        Field("hired", ("hired", "hire_date"), ("入职日期", "入职时间"), DAY,
              Words("First day in the seat", "入职日期"), "2024-05-01"),
        Field("left", ("left", "leave_date"), ("离职日期", "离职时间"), DAY,
              Words("Last day. Who left before the plan begins carries no quota",
                    "离职日期。方案开始前离职者不承担目标"), ""),
        Field("status", ("status",), ("状态", "在职状态"), TEXT,
              Words("left: carries no quota. Any other word changes nothing",
                    "left 表示已离职，不承担目标；其他文字不影响"), "active"),
    ),
)  # fmt: skip
_HELD: Final = (
    Field("share", ("share",), ("分摊比例", "份额", "占比"), SHARE,
          Words("The rep's share; those of a territory add up to 1",
                "该销售员的比例；同一辖区合计为 1"), "1"),
    Field("from", ("from",), _FROM, DAY, _FIRST_DAY, ""),
    Field("to", ("to",), _TO, DAY, _LAST_DAY, ""),
)  # fmt: skip
"""How much of a territory, and when: also where a table of its own says who holds it."""
TERRITORIES: Final = Columns(
    "territories",
    "辖区",
    Words(
        "One row for each territory, or for each territory and rep who holds it.",
        "每个辖区一行；多人共同负责时每人一行。",
    ),
    (
        Field("id", ("territory_id", "id"), _TERRITORY_HEADERS, KEY,
              Words("Your key of the territory", "辖区的编号"), "t1", required=True),
        Field("potential", ("potential",), ("潜力", "市场潜力"), SALES,
              Words("What it could yield", "可能的业绩"), "900000"),
        _rep(Words("Who holds it; or say that in assignments", "负责人的编号；也可在分工表中填写")),
        *_HELD,
    ),
)  # fmt: skip
ASSIGNMENTS: Final = Columns(
    "assignments",
    "分工",
    Words(
        "Who holds which territory, where the table of territories does not say it.",
        "辖区由谁负责；辖区表中未填写负责人时使用。",
    ),
    (
        _rep(Words("Who holds it", "负责人的编号"), required=True),
        _territory(Words("What is held", "辖区的编号"), "t1", required=True),
        *_HELD,
    ),
)  # fmt: skip
HISTORY: Final = Columns(
    "history",
    "历史业绩",
    Words(
        "What was sold: one row for each rep or territory and month.",
        "历史业绩：每位销售员或每个辖区每月一行。",
    ),
    (
        _rep(Words("Who sold it; or give the territory", "销售员的编号；或填写辖区")),
        _territory(Words("In place of the rep: it follows whoever holds the territory",
                         "代替销售员填写；业绩随辖区归属现任负责人"), ""),
        Field("period", ("period", "month"), ("月份", "期间", "年月"), MONTH,
              Words("The month", "月份"), "2026-01", required=True),
        Field("actual", ("actual",), ("完成额", "实际业绩", "销售额", "业绩"), NUMBER,
              Words("What was sold; below 0 where more came back", "实际业绩；退货多时为负数"),
              "20500.25", required=True),
        Field("measure", ("measure",), ("考核项",), KEY,
              Words("The measure; blank: revenue", "考核项；空白为销售收入"), "revenue"),
        Field("product", ("product",), ("产品", "产品线"), KEY,
              Words("The product", "产品"), "core"),
        Field("customer_type", ("customer_type",), ("客户类型",), KEY,
              Words("The type of customer", "客户类型"), "existing"),
    ),
)  # fmt: skip
ABSENCES: Final = Columns(
    "absences",
    "缺勤",
    Words(
        "Who is away and when, without the reason: one row for each absence.",
        "谁在何时缺勤，不写原因：每次缺勤一行。",
    ),
    (
        _rep(Words("Who is away", "销售员的编号"), required=True),
        Field("from", ("from",), _FROM, DAY, Words("First day away", "缺勤的第一天"), "2027-03-01",
              required=True),
        Field("to", ("to",), _TO, DAY,
              Words("Last day away; blank: without an end", "缺勤的最后一天；空白表示没有期限"),
              "2027-03-31"),
        Field("share", ("share",), ("缺勤比例", "份额", "占比"), SHARE,
              Words("How much of the time; blank: all of it", "缺勤占工作时间的比例；空白为全部"),
              "0.5"),
    ),
)  # fmt: skip
TARGETS: Final = Columns(
    "targets",
    "目标",
    Words(
        "What is to be reached. Read where no target is given with the files.",
        "要达成的目标。提交时未另给目标才读取。",
    ),
    (
        Field("measure", ("measure",), ("考核项",), KEY,
              Words("The measure; blank: revenue", "考核项；空白为销售收入"), "revenue"),
        Field("unit", ("unit", "unit_id"), _UNIT_HEADERS, KEY,
              Words("For this unit; blank: the company", "所属组织；空白为全公司"), ""),
        Field("product", ("product",), ("产品", "产品线"), KEY,
              Words("For this product; blank: all", "产品；空白为全部"), ""),
        Field("customer_type", ("customer_type",), ("客户类型",), KEY,
              Words("For this type of customer; blank: all", "客户类型；空白为全部"), ""),
        Field("period", ("period",), ("期间", "月份"), KEY,
              Words("For this month, quarter or half; blank: the whole plan",
                    "月份、季度或半年；空白为整个方案期间"), ""),
        Field("amount", ("amount",), ("金额", "目标", "目标值"), AMOUNT,
              Words("The target", "目标值"), "1080000", required=True),
        Field("base", ("base",), ("基数",), NUMBER,
              Words("Of ratios: what they are measured on", "比率类考核项的基数"), ""),
    ),
)  # fmt: skip
MEASURES: Final = Columns(
    "measures",
    "考核项",
    Words(
        "What is planned beside revenue; read together with the targets.",
        "销售收入以外的考核项；与目标表一同读取。",
    ),
    (
        Field("id", ("measure", "id"), ("考核项", "考核项编号"), KEY,
              Words("Your key of the measure", "考核项的编号"), "revenue", required=True),
        Field("kind", ("kind",), ("类别",), one_of("additive", "ratio"),
              Words("additive is split over people, ratio is set for each unit",
                    "additive 按人分解，ratio 按组织设定标准"), "additive"),
        Field("basis", ("basis",), ("口径",), one_of("signed", "invoiced", "collected"),
              Words("When revenue counts: signed, invoiced or collected",
                    "收入口径：签约、开票或回款"), "invoiced"),
        Field("counted_in", ("counted_in",), ("单位", "计量单位"), TEXT,
              Words("What it is counted in, where it is not money", "非金额考核项的计量单位"), ""),
        Field("increment", ("increment",), ("取整单位",), AMOUNT,
              Words("Quotas are multiples of it", "目标取其整数倍"), ""),
        Field("forecast", ("forecast",), ("预测",), NUMBER,
              Words("What is expected without a plan", "无方案时的预测值"), ""),
        Field("weight", ("weight",), ("权重",), SHARE,
              Words("Its weight among the measures", "在考核中的权重"), "1"),
        Field("floor", ("floor",), ("保底",), FACTOR,
              Words("The floor, in parts of the target", "保底，占目标的比例"), "0.8"),
        Field("stretch_target", ("stretch_target",), ("挑战",), FACTOR,
              Words("The stretch target, in parts of the target", "挑战，占目标的比例"), "1.2"),
        Field("lower_is_better", ("lower_is_better",), ("越低越好",), YES_OR_NO,
              Words("Of ratios: whether less is better", "比率类：是否越低越好"), ""),
        Field("change", ("change",), ("变化方式",), one_of("change_points", "growth"),
              Words("Of ratios: how targets are stated", "比率类：目标的表述方式"), ""),
    ),
)  # fmt: skip
QUOTAS: Final = Columns(
    "quotas",
    "历史目标",
    Words(
        "Past quotas, month by month: for a backtest against what was asked of people.",
        "以往各月的目标：用于回测对比。",
    ),
    (
        _rep(Words("Whose quota", "销售员的编号"), required=True),
        Field("period", ("period", "month"), ("月份", "期间", "年月"), MONTH,
              Words("The month", "月份"), "2026-01", required=True),
        Field("quota", ("quota",), ("目标", "指标", "任务"), SALES,
              Words("The quota", "目标"), "25000", required=True),
    ),
)  # fmt: skip

COHORT: Final = "cohort:"
"""What the header of a column of peer groups begins with: `cohort:role`."""
TABLES: Final = (
    REPS, UNITS, TERRITORIES, ASSIGNMENTS, HISTORY, ABSENCES, TARGETS, MEASURES, QUOTAS,
)  # fmt: skip
EXPLAINED: Final = Words("explained", "说明")
"""The sheet of a template that explains its columns; it holds no rows."""


def table_named(title: str) -> Columns | None:
    """The table that a sheet or a file of this name holds."""
    name = title.strip().lower()
    return next((table for table in TABLES if name in {table.name, table.chinese}), None)
