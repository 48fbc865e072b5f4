"""Backtests: which way of setting quotas would have come nearest to what people then sold?

told.py        the comparison as a document, the same over HTTP and on the command line
usecases.py    read a body, compare; nothing is stored
schemas.py     what the API takes and says
router.py      which URL
"""
