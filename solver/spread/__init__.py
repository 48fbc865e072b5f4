"""Spread: quotas over time, products and customers, with digits that add up.

    calendar.py     working days of months and weeks, for a country; which years are provisional
    season.py       which part of a quota falls into which month: learned, even, or given
    past.py         the season that the history of the estimate shows
    periods.py      year to quarters to months to weeks, in whole money
    mix.py          what each rep would sell of each product, to customers of today and to new ones
    table.py        one table of reps and products: fitted to its margins within limits, and rounded
    cross.py        reps x products x months: every month a table of its own
    parts.py        quotas told by lines and months, so that targets of parts come out exactly
    lines.py        which lines of business these targets tell apart, and who sells what of them
    told_apart.py  coarse.py  coarse_cuts.py  coarse_whole.py  fine.py       what parts are made of
    fit.py  flow.py  whole.py  errors.py     what the tables are made of

Money is in minor units. Functions of arrays take reps in the order of their ids: ties go by place.
"""
