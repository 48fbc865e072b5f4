"""A plan that somebody made by hand as a version: audited, compared, repaired, never trusted.

domain/       who is to carry what, out of rows as they were sent; what a plan by hand is beside the
              even one; the smallest change that keeps all limits
body.py       JSON, or a form with a file
usecases.py   solve the inputs, write the plan by hand into the ledger, repair it
schemas.py    what the API says
router.py     which URL
"""
