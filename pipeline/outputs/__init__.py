"""What people and programs read: terminal, JSON, CSV, the contact sheet."""
