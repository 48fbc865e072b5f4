"""Immutable versions of a plan: solving into one, reading its quotas, checking it again.

domain/          what a version is: canonical bytes, manifest and chunks, the proof
tables.py        chunks of bytes, named by their hash
repository.py    how chunks and versions are stored and found
usecases.py      solve into a version, page through it, look one rep up, verify
schemas.py       what the API says
router.py        which URL
"""
