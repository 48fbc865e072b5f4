"""What is allowed in a change request, without HTTP and SQL.

life.py        states, actions, and whose turn it is
evidence.py    the kinds of evidence and what each has to say
asking.py      which version, which amount may be asked for and granted
effective.py   from which month a change holds
correction.py  facts corrected, where evidence says that an input is wrong
statistics.py  the bias watch: who asks, and what is granted
"""
