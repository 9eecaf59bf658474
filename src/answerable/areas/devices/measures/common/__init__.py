"""What methods on phones share: coverage, traces as observations."""
