"""Change a trained network by few numbers: low-rank updates, a classifier, a reranker."""
