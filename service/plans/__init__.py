"""Plans and their versions: what is planned, and which version is in force."""
