"""The areas of investigation; each has tables, read, measures and charts, as far as it needs them."""
