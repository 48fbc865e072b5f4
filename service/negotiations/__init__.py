"""Renegotiation: what changes in a plan after it was solved, and who agreed to it.

change_requests/  a quota that somebody asks to have changed, with evidence: counter, decision
"""
