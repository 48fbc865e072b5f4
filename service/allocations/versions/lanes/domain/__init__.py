"""What is true of frozen units, whoever works in them."""
