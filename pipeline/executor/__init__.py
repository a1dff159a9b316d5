"""The loop that buys, watches and brings home; it decides nothing that core can decide."""
