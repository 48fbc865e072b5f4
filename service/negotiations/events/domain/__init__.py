"""What is allowed of events, and what comes of them; neither HTTP nor SQL."""
