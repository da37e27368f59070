"""Run the course's commands: ``python3 -m course_utils --help``.

This file and ``course_utils/__init__.py`` keep to syntax that very old Pythons can read: an interpreter that is
too old has to get as far as the sentence that says so.
"""

import sys

OLDEST_PYTHON = (3, 10)


def main(arguments):
    """Run the words after ``python3 -m course_utils``; return the exit status, 0 when all went well."""
    if sys.version_info < OLDEST_PYTHON:
        sys.stderr.write(
            "The course needs Python %d.%d or newer, and this is Python %d.%d. "
            "Install a newer one (python.org has it for every system) and start the same command with it.\n"
            % (OLDEST_PYTHON + tuple(sys.version_info[:2]))
        )
        return 1
    from course_utils.tools import commands

    return commands.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
