"""Partitions: Parquet files that are whole or absent, each stamped with a hash of what it was made from."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.common.files import write_whole

STAMP = b"made_from"

Columns = Mapping[str, Sequence]


def fingerprint(*parts: bytes | str) -> str:
    """Return a short hash of several parts in their order; where a part ends counts too.

    Examples
    --------
    >>> fingerprint("ab", "c") == fingerprint("a", "bc"), len(fingerprint("ab"))
    (False, 16)
    """
    summed = hashlib.blake2b(digest_size=8)
    for part in parts:
        data = part.encode("utf-8") if isinstance(part, str) else part
        summed.update(len(data).to_bytes(8, "little") + data)
    return summed.hexdigest()


def write_partition(path: Path, columns: Columns, made_from: str) -> None:
    """Write columns as a Parquet file, under another name first, with the stamp ``made_from`` in its metadata.

    Parameters
    ----------
    path : Path
        Where the file belongs; its folder is made if it is not there.
    columns : mapping of str to sequence or ndarray
        All of one length; an array of shape ``(n, d)`` becomes a column of lists.
    made_from : str
        What `stamp` shall return.

    Raises
    ------
    InputError
        If there is no column, or their lengths differ.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) != 1:
        raise InputError(f"All columns of a partition need one length, and these have {lengths or 'no columns'}.")
    table = pa.table({name: _to_arrow(values) for name, values in columns.items()})
    file = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({STAMP: made_from.encode()}), file, store_schema=True)
    write_whole(Path(path), file.getvalue())


def read_partition(path: Path) -> dict[str, Any]:
    """Return the columns of a partition: lists of text, arrays of numbers, and tables for columns of lists.

    Raises
    ------
    InputError
        If there is no such file, or it is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(Path(path), memory_map=False)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{Path(path).name} cannot be read as a partition: make it again ({error}).") from error
    return {name: _from_arrow(table[name].combine_chunks()) for name in table.column_names}


def stamp(path: Path) -> str | None:
    """Return what a partition was made from, or None if it is not there or cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return (pq.read_schema(Path(path)).metadata or {}).get(STAMP, b"").decode() or None
    except (OSError, pa.ArrowInvalid):
        return None


def cut_corpus(columns: Columns, n_parts: int, folder: Path) -> list[Path]:
    """Cut columns into partitions of nearly equal numbers of rows, and number the rows in a column ``position``.

    Parameters
    ----------
    columns : mapping of str to sequence
        All of one length, for example ``{"text": texts}``.
    n_parts : int
        From 1 to the number of rows.
    folder : Path
        Where the files go.

    Returns
    -------
    list of Path
        The partitions in the order of the rows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = cut_corpus({"text": ["a", "b", "c"]}, 2, Path(folder))
    ...     [read_partition(path)["text"] for path in paths], paths[1].name
    ([['a', 'b'], ['c']], 'part-00001.parquet')
    """
    n = len(next(iter(columns.values()), ()))
    ends = [len(part) for part in np.array_split(np.empty(n), check_whole("n_parts", n_parts, 1, max(1, n)))]
    paths, start = [], 0
    for number, size in enumerate(ends):
        rows = {name: values[start : start + size] for name, values in columns.items()}
        rows |= {"position": np.arange(start, start + size)}
        paths.append(Path(folder) / f"part-{number:05}.parquet")
        made_from = fingerprint(str(start), *(repr(values) for values in rows.values()))
        if stamp(paths[-1]) != made_from:
            write_partition(paths[-1], rows, made_from)
        start += size
    return paths


def make_partition(source: Path, target: Path, work: Callable[[dict[str, Any]], Columns], recipe: str) -> str:
    """Make one partition from another, unless it is there and was made from the same bytes by the same recipe.

    It may run twice, or be killed and run again: the outcome is one whole file.

    Parameters
    ----------
    source, target : Path
        The partition to read and the one to write.
    work : callable
        Turns the columns that are read into those that are written.
    recipe : str
        Names the work and all its settings, so that a changed one makes the partition anew.

    Returns
    -------
    str
        ``"made"`` or ``"kept"``.
    """
    made_from = fingerprint(Path(source).read_bytes(), recipe)
    if stamp(target) == made_from:
        return "kept"
    write_partition(target, work(read_partition(source)), made_from)
    return "made"


def _to_arrow(values: Sequence) -> Any:
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    return pa.array(values)


def _from_arrow(column: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_fixed_size_list(column.type):
        return column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False)
    return column.to_pylist()
