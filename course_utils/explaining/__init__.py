"""Explaining a model: which columns and which words it used, and whether an explanation is true to it."""
