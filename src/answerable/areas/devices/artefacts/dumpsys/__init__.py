"""The text that Android writes of its own state: split into sections once, and read section by section."""
