"""The audit trail of a workspace, for those who may read it; `kit.audit` is what writes it."""
