"""Requests to change a quota: typed evidence, counter, decision, and who carries the difference.

domain/    the life of a request, evidence, what may be asked, what a correction changes, statistics
usecases/  file, read, preview, decide, count
"""
