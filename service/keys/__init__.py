"""API keys: made, listed, rotated and revoked; how a call is known by one is in `kit.keys`."""
