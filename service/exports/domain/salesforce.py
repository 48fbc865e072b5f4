"""`salesforce`: rows of the object ForecastingQuota, one for each person and month.

Source: its page in the object reference of Salesforce. There is one record for an owner, a period
and a forecasting type, and no key of one's own: look for it by these three, then update or create.
"""

from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

from service.exports.domain.published import Published
from service.exports.domain.tables import Table
from service.kit.spreadsheets import Cell

COLUMNS: Final = (
    "QuotaOwnerId", "QuotaAmount", "QuotaQuantity", "StartDate", "ForecastingTypeId",
    "CurrencyIsoCode",
)  # fmt: skip


def write(published: Published, stream: BinaryIO, *, forecasting_type: str | None) -> None:
    Table(COLUMNS, _rows(published, forecasting_type)).write(stream)


def _rows(published: Published, forecasting_type: str | None) -> Iterator[Sequence[Cell]]:
    [measure] = published.measures
    for quota in measure.quotas:
        for month, minor in zip(published.months, quota.months, strict=True):
            amount = measure.amount(minor)
            yield (
                quota.rep,
                *((amount, None) if measure.currency else (None, amount)),
                f"{month}-01",  # of quarterly forecasts, too: any day says which quarter
                forecasting_type,
                measure.currency,
            )
