"""Values in the rows of a body: their shape, and one sentence each for whatever is wrong with it.

Rows are TypedDicts, and each feature says which rows it reads.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Final

from pydantic import (
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from service.kit.money import MoneyIn

STRICT_ROW: Final = ConfigDict(extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Says `message` for every fault of the type it annotates, instead of pydantic's own words."""

    message: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source),
            custom_error_type="said",
            custom_error_message=self.message.replace("{", "{{").replace("}", "}}"),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        inner: Any = schema
        return handler(inner["schema"])


Key = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Otherwise("must be a text of 1 to 128 characters without control characters"),
]
"""An id of the caller's own."""

Text = Annotated[
    str,
    Field(strict=True, max_length=1000, pattern=r"^[^\x00]*$"),
    Otherwise("must be a text of at most 1000 characters, none of them NUL"),
]

Month = Annotated[
    str,
    Field(pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$"),
    Otherwise("must be a month written YYYY-MM, such as 2026-01"),
]


class _WrittenOut:
    """JSON texts are dates only as YYYY-MM-DD: pydantic, strict too, takes `"0"` for 1970-01-01."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        text = core_schema.str_schema(strict=True, pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
        return core_schema.json_or_python_schema(
            json_schema=core_schema.chain_schema([text, core_schema.date_schema(strict=False)]),
            python_schema=handler(source),
        )


Day = Annotated[
    date,
    Field(strict=True),
    _WrittenOut(),
    WithJsonSchema({"type": "string", "format": "date"}),
    Otherwise("must be a date written YYYY-MM-DD, such as 2026-01-31"),
]

Measure = Annotated[
    Annotated[float, Field(strict=True, allow_inf_nan=False)] | Annotated[str, Field(strict=True)],
    Field(union_mode="left_to_right"),
    Otherwise('must be a finite number, or a decimal text such as "20500.25"'),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]}),
]
"""A measurement in the plan's currency: any number of decimals, unlike quotas and their limits."""

Money = Annotated[
    MoneyIn, Otherwise('must be a finite number, or a decimal text such as "1080000.50"')
]
"""An amount with at most the currency's minor digits."""

Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
