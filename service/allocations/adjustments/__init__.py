"""Quotas that people adjust: a new draft around them, a lock on each, author and reason beside it.

domain.py       what is wanted, and how far a manager may go
tables.py       who wanted what, and why: beside the chain of versions, never in it
repository.py   how these rows are found along a chain
wishes.py       what a body wants, with every fault of it
usecases.py     adjust, release, list
gaps.py         what nobody carries, and who has signed it
schemas.py      what the API says
router.py       which URL, and gaps_router.py
"""
