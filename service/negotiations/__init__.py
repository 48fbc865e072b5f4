"""Renegotiation: what changes in a plan after it was solved, and who agreed to it.

change_requests/  a quota that somebody asks to have changed, with evidence: counter, decision
events/           what happens to people, seats and the target in the middle of a period
levels/           a unit is frozen, its owner works inside it and signs off, one version of all
"""
