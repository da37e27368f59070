"""What happens in a notebook's kernel: its first call, and one sentence where an earlier cell has not run yet."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.errors import CourseError

if TYPE_CHECKING:
    from types import TracebackType

    from IPython.core.interactiveshell import InteractiveShell


def begin(*groups: str) -> None:
    """Start a notebook: figures in the course's style, and errors of order explained.

    Parameters
    ----------
    *groups : str
        Lists of packages in ``pyproject.toml``, such as ``"electives"``, that the notebook needs beside the course's:
        what is missing of them is fetched once.

    Raises
    ------
    CourseError
        If packages of the course are missing in this Python, or those of a group cannot be fetched.
    """
    from course_utils.tools import environment

    if absent := environment.missing(environment.requirements()):
        names = ", ".join(map(environment.package_name, absent))
        raise CourseError(f"This Python lacks {names}: in the course's folder run `python3 -m course_utils lab`.")
    environment.add(*groups)
    from course_utils.plotting import use_course_style

    use_course_style()
    if shell := running_shell():
        load_ipython_extension(shell)


def running_shell() -> InteractiveShell | None:
    """Return the IPython shell that this code runs in, or None outside one."""
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Let a shell explain an unknown name; IPython calls this for an extension that its configuration names."""
    shell.set_custom_exc((NameError,), explain_unknown_name)


def describe_kernel(folder: Path) -> str:
    """Write a description of the kernel ``python3`` that loads this extension; return the ``JUPYTER_PATH`` to find it.

    It is ipykernel's own description with one more option. A server with that variable, and all that it starts, take it
    before any other, and the environment stays as it is.
    """
    from ipykernel.kernelspec import make_ipkernel_cmd, write_kernel_spec

    description = folder / "kernels" / "python3"
    shutil.rmtree(description, ignore_errors=True)
    command = make_ipkernel_cmd(executable="python", extra_arguments=[f"--ext={__name__}"])  # the server's own Python
    write_kernel_spec(description, overrides={"argv": command})
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("JUPYTER_PATH")]))


def explain_unknown_name(
    shell: InteractiveShell, kind: type, error: NameError, trace: TracebackType, tb_offset: int | None = None
) -> None:
    """Show one sentence in place of a traceback where a cell uses a name that no cell has made yet."""
    last = trace
    while last.tb_next:
        last = last.tb_next
    name = getattr(error, "name", None)
    if name and last.tb_frame.f_globals is shell.user_ns and not isinstance(error, UnboundLocalError):
        error._render_traceback_ = lambda: [unknown_name(name)]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def unknown_name(name: str) -> str:
    """Return the sentence for a name that does not exist in a notebook.

    Examples
    --------
    >>> print(unknown_name("vectors"))
    `vectors` does not exist yet. If an earlier cell makes it, choose Run > Run All Above Selected Cell and run this \
cell again; otherwise look at the spelling.
    """
    return (
        f"`{name}` does not exist yet. If an earlier cell makes it, choose Run > Run All Above Selected Cell and run "
        "this cell again; otherwise look at the spelling."
    )
