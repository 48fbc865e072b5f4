"""Make this synthetic company again: `python make.py [folder]`. Numpy only, no clock, no network.

A manufacturer of machines with 36 seats in nine offices of four regions. All amounts are multiples
of 1 万元 (10,000.00 CNY). Three years of monthly sales per territory, 40 % of them in the fourth
quarter: territory's size x growth of the company x season x noise, rounded to 万元.
Nobody and nothing in it is real; cities only lend their names to territories.
"""

# ruff: noqa: INP001  (a script beside its data, no package)

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

WAN = 10_000
YEARS = (2024, 2025, 2026)
GROWTH = 1.08
SEASON = np.array([5, 5, 8, 6, 6, 8, 7, 7, 8, 10, 13, 17]) / 100  # October to December: 40 %

UNITS: dict[
    str, tuple[str, str, str, int | str, int | str]
] = {  # unit_id: name, parent, owner, min, max in 万元
    "east": ("华东大区", "", "周建国", "", ""),
    "south": ("华南大区", "", "林志强", "", ""),
    "north": ("华北大区", "", "韩卫东", "", ""),
    "west": ("西部大区", "", "罗晓峰", 920, ""),
    "shanghai": ("上海办事处", "east", "沈佳怡", "", 1370),
    "jiangsu": ("江苏办事处", "east", "陆文斌", "", ""),
    "zhejiang": ("浙江办事处", "east", "章丽萍", "", ""),
    "guangdong": ("广东办事处", "south", "黄永康", "", ""),
    "fujian": ("福建办事处", "south", "陈国华", "", ""),
    "jingjin": ("京津冀办事处", "north", "王海涛", "", ""),
    "shandong": ("山东办事处", "north", "孙立军", "", ""),
    "chuanyu": ("川渝办事处", "west", "唐明", "", ""),
    "shaanxi": ("陕西办事处", "west", "白雪梅", "", ""),
}

SEATS = (  # rep, unit, territory, sales of 2026 in 万元, potential over these sales
    ("张伟", "shanghai", "浦东", 334, 6.1), ("李娜", "shanghai", "闵行", 291, 6.4),
    ("王芳", "shanghai", "松江", 255, 7.2), ("刘洋", "shanghai", "嘉定", 229, 6.6),
    ("陈静", "shanghai", "宝山", 168, 7.9),
    ("杨磊", "jiangsu", "苏州", 461, 5.6), ("赵敏", "jiangsu", "无锡", 369, 5.9),
    ("吴强", "jiangsu", "南京", 314, 6.8), ("徐丽", "jiangsu", "常州", 251, 6.3),
    ("孙鹏", "jiangsu", "南通", 208, 8.4), ("待招聘", "jiangsu", "徐州", 150, 9.1),
    ("胡军", "zhejiang", "杭州", 354, 6.0), ("朱婷", "zhejiang", "宁波", 385, 5.8),
    ("高飞", "zhejiang", "温州", 234, 6.9), ("何欣", "zhejiang", "嘉兴", 221, 7.0),
    ("郭涛", "zhejiang", "台州", 191, 7.5),
    ("马超", "guangdong", "深圳", 416, 5.7), ("罗燕", "guangdong", "东莞", 378, 6.2),
    ("梁宇", "guangdong", "广州", 325, 6.5), ("宋佳", "guangdong", "佛山", 343, 6.0),
    ("郑凯", "guangdong", "惠州", 144, 9.6), ("谢雨", "guangdong", "中山", 118, 7.8),
    ("韩梅", "fujian", "厦门", 245, 6.4), ("唐杰", "fujian", "福州", 206, 7.1),
    ("冯雪", "fujian", "泉州", 217, 6.7),
    ("于洋", "jingjin", "北京", 299, 6.6), ("董浩", "jingjin", "天津", 269, 6.9),
    ("萧红", "jingjin", "廊坊", 135, 8.2), ("程亮", "jingjin", "唐山", 158, 7.6),
    ("曹颖", "shandong", "青岛", 281, 6.3), ("袁磊", "shandong", "济南", 227, 7.3),
    ("邓丽", "shandong", "烟台", 194, 7.0),
    ("许强", "chuanyu", "成都", 263, 7.4), ("傅敏", "chuanyu", "重庆", 240, 7.7),
    ("沈阳", "chuanyu", "绵阳", 103, 10.5), ("曾志", "shaanxi", "西安", 184, 8.0),
)  # fmt: skip

DEALERS = {"fujian", "shandong", "chuanyu", "shaanxi"}  # offices that sell through dealers

FIRST_MONTH = {"绵阳": (2026, 7)}  # a territory opened with its rep
HIRED = {"沈阳": "2026-07-01", "孙鹏": "2025-07-01", "待招聘": "2027-04-01"}
FTE = {"谢雨": 0.5}
VACANT = "待招聘"
LIMITS: dict[str, dict[str, int]] = {  # column of reps.csv, in 万元
    "杨磊": {"capacity": 490}, "马超": {"capacity": 455}, "朱婷": {"max": 370},
    "于洋": {"fixed": 310}, "郑凯": {"min": 280},
}  # fmt: skip


type Holder = tuple[str, str, float, str, str]
"""Territory, rep, share, from, to (inclusive)."""


def main(folder: Path) -> None:
    random = np.random.default_rng(20270101)
    ids = {seat[0]: f"HD{number:02d}" for number, seat in enumerate(SEATS, start=1)}
    sales = {city: monthly(size, city, random) for _, _, city, size, _ in SEATS}
    holders = who_holds(ids)
    write(folder / "units.csv", "unit_id,name,parent,owner,min,max,target", units())
    write(
        folder / "reps.csv",
        "rep_id,name,unit,fte,hired,capacity,min,max,fixed,last_year,vacant,cohort:渠道",
        reps(ids, sales, holders),
    )
    potential = {city: round(size * ratio / 10) * 10 * WAN for _, _, city, size, ratio in SEATS}
    write(
        folder / "territories.csv",
        "territory_id,rep_id,share,potential,from,to",
        ((t, rep, share, potential[t], start, end) for t, rep, share, start, end in holders),
    )
    write(
        folder / "history.csv",
        "territory_id,period,actual",
        (
            (city, f"{year}-{month + 1:02d}", wan(amount))
            for city, table in sales.items()
            for year, row in zip(YEARS, table, strict=True)
            for month, amount in enumerate(row.tolist())
            if (year, month + 1) >= FIRST_MONTH.get(city, (0, 0))
        ),
    )


def monthly(size: int, city: str, random: np.random.Generator) -> np.ndarray:
    """Sales per year and month in 万元, whole numbers. Shape (years, 12)."""
    growth = GROWTH ** (np.array(YEARS) - YEARS[-1])
    own_trend = np.exp(random.normal(0, 0.05, len(YEARS)))
    season = SEASON * np.exp(random.normal(0, 0.12, (len(YEARS), 12)))
    for months in (slice(0, 9), slice(9, 12)):  # noise moves sales within a part of the year only
        season[:, months] *= SEASON[months].sum() / season[:, months].sum(axis=1, keepdims=True)
    table = size * (growth * own_trend)[:, None] * season
    if city in FIRST_MONTH:
        table[:-1] = 0
        table[-1, : FIRST_MONTH[city][1] - 1] = 0
    return np.rint(table).astype(int)


def who_holds(ids: dict[str, str]) -> list[Holder]:
    """One holder a territory, but for a handover and a shared city."""
    rows: list[Holder] = []
    for name, _, city, _, _ in SEATS:
        if city == "南通":  # the neighbour looked after it until it got its own rep
            rows += [(city, ids["徐丽"], 1, "", "2025-06-30")]
            rows += [(city, ids[name], 1, "2025-07-01", "")]
        elif city == "东莞":
            rows += [(city, ids[name], 0.75, "", ""), (city, ids["郑凯"], 0.25, "", "")]
        else:
            rows += [(city, ids[name], 1, "", "")]
    return rows


def reps(
    ids: dict[str, str],
    sales: dict[str, np.ndarray],
    holders: list[Holder],
) -> Iterable[tuple[object, ...]]:
    """One row a seat; `last_year` is 2026 of the territories held now, where complete."""
    for name, unit, _, _, _ in SEATS:
        held = [(t, share) for t, rep, share, _, end in holders if rep == ids[name] and not end]
        whole_year = not any(t in FIRST_MONTH for t, _ in held)
        last_year = round(float(sum(sales[t][-1].sum() * share for t, share in held)))
        limits: dict[str, int | str] = {**LIMITS.get(name, {})}
        yield (
            ids[name],
            name,
            unit,
            FTE.get(name, 1),
            HIRED.get(name, ""),
            *(wan(limits.get(column, "")) for column in ("capacity", "min", "max", "fixed")),
            wan(last_year if whole_year else ""),
            "true" if name == VACANT else "false",
            "经销" if unit in DEALERS else "直销",
        )


def units() -> Iterable[tuple[object, ...]]:
    for key, (name, parent, owner, low, high) in UNITS.items():
        yield key, name, parent, owner, wan(low), wan(high), ""


def wan(amount: float | str) -> int | str:
    """万元 to 元; an empty cell stays empty."""
    return "" if isinstance(amount, str) else int(amount) * WAN


def write(path: Path, header: str, rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
