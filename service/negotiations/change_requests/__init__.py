"""Requests to change a quota: typed evidence, counter, decision, and who carries the difference.

domain/    the life of a request, evidence, what may be asked, what a correction changes, statistics
usecases/
    scope.py        what of the requests about a version concerns a caller, and on which side
    turn.py         a step that the caller may take now, and what is written of it
    filing.py       ask
    reading.py      find and list
    funding.py      who funds a change and what comes of it; ways.py, as somebody is told them
    previewing.py   what granting would do
    granting.py     counter and accept; correcting.py, by inputs that were wrong
    deciding.py     reject, escalate, withdraw, forget
    counting.py     who asks, and what is granted
"""
