"""A remote media service on loopback: real HTTP, real files, no money."""
