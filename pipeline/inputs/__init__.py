"""What the author wrote, read with positions: manifests, templates, tables, settings."""
