"""A folder of pages shown on this computer only, by the standard library's web server."""

from __future__ import annotations

import functools
import http.server
import os
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.common.progress import say


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing for each request."""


class _Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = os.name != "nt"  # on Windows this would share a port that is in use


def folder_server(folder: Path, port: int) -> http.server.ThreadingHTTPServer:
    """Return a server for a folder at a port of this computer, 0 for a free one; a `CourseError` if it is in use."""
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        return _Server(("127.0.0.1", port), handler)
    except (OSError, OverflowError) as error:
        raise CourseError(f"Port {port} cannot be used here ({error}): choose another with --port.") from None


def serve(folder: Path, port: int) -> int:
    """Serve a folder until Ctrl-C."""
    with folder_server(folder, port) as running:
        try:
            say(f"Look at http://127.0.0.1:{running.server_port}/ and stop with Ctrl-C.")
            running.serve_forever()
        except KeyboardInterrupt:
            say("\nStopped: the pages are no longer served.")
    return 0
