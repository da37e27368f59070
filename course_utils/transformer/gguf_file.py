"""A GGUF file: its facts, its tokenizer, and its weights as float32."""

from __future__ import annotations

import contextlib
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.errors import InputError
from course_utils.tokens.libraries import tokenizer_from_gguf

if TYPE_CHECKING:
    import gguf


class GGUFFile:
    """A GGUF file: facts by their names, a tokenizer, and weights that are read once each."""

    def __init__(self, path: Path):
        self.name = path.name
        try:
            reader = _open_gguf(path)
            self.rules = tokenizer_from_gguf(reader)
        except (ValueError, KeyError, IndexError, OSError) as error:
            raise InputError(f"{path.name} is not a GGUF file, or only a part of one ({error}).") from error
        short = (field for field in reader.fields.items() if field[0].startswith(("llama.", "general.")))
        self.fields = {name: field.contents() for name, field in short}
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.memory = reader.file._mmap

    def number(self, name: str) -> Any:
        """Return a fact of the file."""
        if name not in self.fields:
            raise InputError(f"{self.name} does not say what its {name} is, so it cannot be run.")
        return self.fields[name]

    def weight(self, name: str) -> np.ndarray:
        """Return a matrix, or a vector, as float32."""
        import gguf

        if name not in self.tensors:
            raise InputError(f"{self.name} has no weights {name}, so it cannot be run.")
        tensor = self.tensors.pop(name)
        with contextlib.suppress(AttributeError):  # what was read of the file need not stay in memory; Linux and macOS
            self.memory.madvise(mmap.MADV_DONTNEED)
        try:
            return gguf.dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError as error:
            raise InputError(
                f"{self.name} keeps {name} as {tensor.tensor_type.name}, which cannot be undone here: take a file with "
                "Q4_0, Q4_1, Q5_0, Q8_0, a K type, F16 or F32."
            ) from error

    def transposed(self, *names: str) -> np.ndarray:
        """Return matrices side by side, turned so that a row multiplies them from the left."""
        parts = [self.weight(name) for name in names]
        return np.ascontiguousarray((parts[0] if len(parts) == 1 else np.concatenate(parts)).T)

    def must_be_read(self) -> None:
        """Refuse a model with weights that would be left out."""
        if self.tensors:
            raise InputError(
                f"{self.name} has weights that this code has no use for, such as {min(self.tensors)}: it would not be "
                "the same model without them."
            )


def _open_gguf(path: Path) -> gguf.GGUFReader:
    import gguf

    class Reader(gguf.GGUFReader):
        """As its parent, without memmap's slow way of cutting: the file's tokens alone are a hundred thousand cuts."""

        @property
        def data(self) -> np.ndarray:
            return self.plain

        @data.setter
        def data(self, file: np.memmap) -> None:
            self.file, self.plain = file, np.asarray(file)

    return Reader(path)
