"""Immutable versions of a plan: solving into one, amending it, reading it, checking it again.

domain/            what a version is: canonical bytes, manifest and chunks, the proof, the ledger
lanes/             units of a version that are frozen
tables.py          chunks of bytes, named by their hash
repository.py      how chunks and versions are stored and found
describe.py        what is written down of a solved case, with proof_columns.py
shown_ledger.py    what readers see of the ledger
usecases/          solve, amend and store; read and look one rep up; replay and verify
schemas.py         what the API says
sight.py           what the caller of a route sees of a version
made.py            the answer to whoever has made one
router.py          which URL, and quotas_router.py
"""
