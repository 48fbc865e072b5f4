"""The ledger of a version: what was decided since the plan was solved.

replay.py        the ledger of amendments, replayed
named.py         what an amendment says, by names
beyond.py        the limits of the solve that quotas do not keep any more
unsolved.py      the row of somebody who has come since the solve
kept.py          locks, envelopes and reserves, compared with what is carried
handed.py        locks and envelopes, as they are handed down to the next solve
"""
