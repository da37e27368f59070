"""Measurements of the course: each file is a program, whose first lines say what it measures."""
