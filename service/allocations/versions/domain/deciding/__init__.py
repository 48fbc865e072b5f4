"""Deciding about quotas that stand: who carries what then, and a longer ledger.

decision.py      what may be decided, and why it is refused
decide.py        who carries what then, and the version that comes of it
amendable.py     a version as it is stored, and as it will be
opened.py        a plan that is amended before it is stored for the first time
closed.py        months that a solve in the middle of the period leaves as they are;
                 closed_of_measure.py, those of one measure
"""
