"""Every decision, pure: no waiting, no clock, no path, no randomness, no environment."""
