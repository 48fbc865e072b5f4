"""Forgetting people: all that the service knows of one of them but the company's own key."""
