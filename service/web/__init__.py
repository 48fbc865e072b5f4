"""The pages people see: plans, quotas, one chart, and why a quota is what it is."""
