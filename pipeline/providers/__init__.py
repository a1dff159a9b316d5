"""One file a dialect; the only room that knows a service by name."""
