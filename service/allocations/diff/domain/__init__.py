"""Why a quota is another one in another version, without HTTP and SQL.

facts.py      what the inputs of two versions say differently of a rep, a unit, the company
measured.py   whether that moved a row: what of the solver's own figures differs, and counts
policies.py   which parameters of two policies differ
causes.py     causes by where they act: on a rep, on a unit, on the company
regions.py    how far a cause reaches: not beyond a unit that carries the same as before
reasons.py    the reasons of every changed row
words.py      the sentences
"""
