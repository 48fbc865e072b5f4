"""Published quotas in the formats of other systems: payroll, compensation, CRM.

`domain/published.py` is what every format reads, `domain/formats.py` lists them, and each has a
module of its own. What a format has no place for is refused in words; nothing is dropped silently.
"""
