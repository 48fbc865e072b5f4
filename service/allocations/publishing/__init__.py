"""Published quotas: the last step of a version, and rows for readers of what is in force when.

A version's own chunks stay the truth; what stands here is written from them in the transaction
that publishes it, for SQL and reports, and for programs that ask by day.
"""
