"""Many policies side by side on the same inputs, and which of them no other one beats.

domain/       the scenarios of a request, their figures in common yardsticks, the frontier
cases.py      the scenarios of a request as cases, every fault at its place
usecases.py   solve each as a version would be, store those that are wanted
schemas.py    what the API says
router.py     which URL
"""
