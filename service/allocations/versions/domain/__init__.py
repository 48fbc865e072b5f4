"""What a version is: bytes that name themselves, and numbers that prove themselves.

From the top down; a folder knows those below it and none above.

deciding/    who carries what once somebody decides about quotas that stand
proof/       the version as one document, and the check of it that needs no solver
ledger/      what was decided since the solve, replayed, and what stays
written/     the bytes: manifest, chunks of rows, and how they are read
"""
