"""What frozen units mean for the versions that are made of theirs."""
