"""The fairness report of a version, and the cohort audit: computed when asked for, never stored."""
