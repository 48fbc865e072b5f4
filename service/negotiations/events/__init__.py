"""What happens to people, seats and the target in the middle of a period.

    propose ──> proposed ──accept──> accepted      a new draft version
                    └──reject──> rejected, └──withdraw──> withdrawn

domain/    kinds of events and what each says, closed months, life, and what comes of an event
usecases/
    standing.py     the version in force, with all that was agreed on it since
    outcome.py      what an event comes to there; rows.py, what of the version that needs
    carrying.py     who carries what is left open
    steps.py        a step in the life of an event, and what is written of it
    proposing.py    say what happens; reading.py, look
    accepting.py    accept; following.py, the inputs that follow
    deciding.py     refuse, or take back
"""
