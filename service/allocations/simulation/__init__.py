"""Simulations: years of sales drawn at random around a plan, beside what the formulas say.

asked.py       how many draws, which seed, which pay; out of a body
told.py        the figures as a document, the same over HTTP and on the command line
usecases.py    solve a body or open a version, draw; nothing is stored
schemas.py     what the API takes and says
router.py      which URL
"""
