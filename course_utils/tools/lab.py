"""JupyterLab: started at the first notebook, and stopped so that its kernels and their files are gone."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common import DATA
from course_utils.common.progress import say
from course_utils.tools.environment import ROOT
from course_utils.tools.kernel import describe_kernel
from course_utils.tools.memory_limit import end_children

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

STOPPED = "JupyterLab has stopped. Your notebooks are as you last saved them; what kernels had in memory is gone."


def serve_lab(port: int | None = None, browser: bool = True) -> None:
    """Run JupyterLab in this process until Ctrl-C, at ``port`` or at the first free one from 8888."""
    from jupyterlab.labapp import LabApp

    options = [
        f"--ServerApp.root_dir={ROOT}",
        "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
        f"--LabApp.app_settings_dir={DATA / 'lab_settings'}",  # no news, no update checks
        "--ServerApp.log_level=WARN",  # the address is shown, and not that Ctrl-C asks first, which it does not do here
        *["--no-browser"] * (not browser),
        *[f"--port={port}"] * bool(port),
        *["--allow-root"] * (hasattr(os, "geteuid") and os.geteuid() == 0),
    ]
    say("Starting JupyterLab. Ctrl-C stops it with its kernels: save your notebooks first.")
    with (folder := tempfile.TemporaryDirectory(prefix="course-lab-")):
        os.environ["JUPYTER_PATH"] = describe_kernel(Path(folder.name))
        server = LabApp.initialize_server(options)
        stop_with_ctrl_c(server, folder.cleanup)
        server.start()
    say(STOPPED)


def stop_with_ctrl_c(server: ServerApp, clean_up: Callable[[], None]) -> None:
    """Let the first Ctrl-C shut the server down in its own way, and a second one clean up and end all at once."""

    def stop(number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, end_at_once)
        if number == signal.SIGINT:  # and not because the terminal is closed
            server.io_loop.add_callback_from_signal(say, "\nStopping the kernels; a second Ctrl-C ends them at once.")
        server.stop(from_signal=True)

    def end_at_once(_number: int, _frame: object) -> None:
        end_children()
        for kernel in server.kernel_manager.list_kernel_ids():
            server.kernel_manager.get_kernel(kernel).cleanup_connection_file()
        server.remove_server_info_file()
        server.remove_browser_open_files()
        clean_up()
        os._exit(130)

    signal.signal(signal.SIGINT, stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, stop)
