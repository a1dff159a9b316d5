"""The memory of all runs in one SQLite database; the only room that writes SQL."""
