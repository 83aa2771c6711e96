"""What was sent, what was acknowledged, and what the target's version of it is."""
