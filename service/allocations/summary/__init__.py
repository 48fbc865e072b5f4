"""The one page of a version: what it comes to, for people, by unit, and against last year."""
