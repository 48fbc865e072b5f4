"""The optimisation core: a problem and a policy in, an allocation out. Pure."""
