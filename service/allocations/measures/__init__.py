"""Several measures in one plan: revenue, and say margin, new customers, market share.

cases.py      each further additive measure as a case of its own
solving.py    solve them after the main one, and name the one that cannot be solved
levels.py     floors and stretch targets beside quotas
standards.py  ratios: the standard of every unit, its own or that of a unit above
told.py       what answers and versions say of a measure
schemas.py    what the API says
"""
