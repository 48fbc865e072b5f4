"""Two versions of a plan side by side: who changed, by how much, and why.

domain/       what differs in the facts, the policies, the ledgers; which of it moved whom
seen.py       what of all that a caller sees
usecases.py   fetch two versions, read only the chunks that differ, tell a page of it
schemas.py    what the API says
router.py     which URL
"""
