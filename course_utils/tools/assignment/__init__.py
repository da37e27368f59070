"""Assignments from a notebook's exercises, for an instructor who marks with nbgrader."""

from course_utils.tools.assignment.folder import FOLDER, keep_out_of_lab, make_assignment

__all__ = ["FOLDER", "keep_out_of_lab", "make_assignment"]
