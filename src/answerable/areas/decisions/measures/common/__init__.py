"""What several methods on decisions share: counts of cells, what is estimated of them, and who is compared."""
