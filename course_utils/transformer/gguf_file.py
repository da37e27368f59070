"""A GGUF file and the language model in it: hyperparameters, tokenizer, and weights as float32."""

from __future__ import annotations

import contextlib
import functools
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.compute import release_memory, trim_memory
from course_utils.common.errors import InputError
from course_utils.common.gguf_file import open_gguf
from course_utils.tokens.libraries import Tokenizer, tokenizer_from_gguf

if TYPE_CHECKING:
    import gguf

    from course_utils.transformer.model import Block, NumPyLM

STOP_TOKENS = ("<|endoftext|>", "<|im_end|>")
ROWS_AT_ONCE = 256  # of a matrix: spread out, so many fit into a processor's cache until they are turned


def load_model(path: Path, shared: bool = True) -> NumPyLM:
    """Read a language model from a GGUF file, or return the one that was read before: see `NumPyLM.from_gguf`.

    Raises
    ------
    InputError
        If the file does not exist, is no whole GGUF file, or holds another architecture than ``llama``, weights that
        this code has no use for, or a quantisation that the package gguf cannot undo.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}: NumPyLM.smollm2() reads the course's model.")
    if shared:
        return _shared(path, path.stat().st_mtime_ns)
    unload_shared_model()
    return _read_model(path)


def unload_shared_model() -> None:
    """Forget the model that `NumPyLM.from_gguf` shares among its callers, and give its memory back to the system.

    The memory is free when no variable holds the model any more; the next call reads the model anew.
    """
    _shared.cache_clear()
    release_memory()


@functools.lru_cache(maxsize=1)
def _shared(path: Path, _modified: int) -> NumPyLM:
    return _read_model(path)


def _read_model(path: Path) -> NumPyLM:
    from course_utils.transformer.model import NumPyLM

    release_memory()
    file = GGUFFile(path)
    name = file.fields.get("general.architecture")
    if name != "llama":
        raise InputError(f"{path.name} holds a {name} model, and this code runs models of the architecture llama.")
    model = NumPyLM(
        tokenizer=Tokenizer("SmolLM2", file.rules),
        embedding=file.transposed("token_embd.weight").T,
        blocks=tuple(_read_block(file, number) for number in range(file.number("llama.block_count"))),
        final_norm=file.weight("output_norm.weight"),
        n_heads=file.number("llama.attention.head_count"),
        n_kv_heads=file.number("llama.attention.head_count_kv"),
        epsilon=file.number("llama.attention.layer_norm_rms_epsilon"),
        rope_base=file.number("llama.rope.freq_base"),
        context_length=file.number("llama.context_length"),
        stop_ids=tuple(number for name in STOP_TOKENS if (number := file.rules.token_to_id(name)) is not None),
    )
    file.must_be_read()
    del file
    trim_memory()
    return model


def _read_block(file: GGUFFile, number: int) -> Block:
    from course_utils.transformer.model import Block

    trim_memory()  # gives back what converting the weights before this block took
    name = f"blk.{number}.{{}}.weight".format
    return Block(
        attention_norm=file.weight(name("attn_norm")),
        qkv=file.transposed(name("attn_q"), name("attn_k"), name("attn_v")),
        output=file.transposed(name("attn_output")),
        mlp_norm=file.weight(name("ffn_norm")),
        gate_up=file.transposed(name("ffn_gate"), name("ffn_up")),
        down=file.transposed(name("ffn_down")),
    )


class GGUFFile:
    """A GGUF file: hyperparameters by their names, a tokenizer, and weights that are read once each."""

    def __init__(self, path: Path):
        self.name = path.name
        try:
            reader = open_gguf(path)
            self.rules = tokenizer_from_gguf(reader)
        except (ValueError, KeyError, IndexError, OSError) as error:
            raise InputError(f"{path.name} is not a GGUF file, or only a part of one ({error}).") from error
        short = (field for field in reader.fields.items() if field[0].startswith(("llama.", "general.")))
        self.fields = {name: field.contents() for name, field in short}
        self.tensors = {tensor.name: tensor for tensor in reader.tensors}
        self.memory = reader.file._mmap

    def number(self, name: str) -> Any:
        """Return a hyperparameter."""
        if name not in self.fields:
            raise InputError(f"{self.name} does not say what its {name} is, so it cannot be run.")
        return self.fields[name]

    def weight(self, name: str) -> np.ndarray:
        """Return a vector as float32."""
        return np.array(self._spread_out(self._taken(name), slice(None)))  # float32 would stay a part of the file

    def transposed(self, *names: str) -> np.ndarray:
        """Return matrices side by side, as float32 and transposed so that a row multiplies them from the left.

        A few rows at a time are spread out and turned, so that nothing is in memory twice.
        """
        tensors = [self._taken(name) for name in names]
        lengths = [len(tensor.data) for tensor in tensors]
        whole = np.empty((int(tensors[0].shape[0]), sum(lengths)), dtype=np.float32)
        for tensor, columns in zip(tensors, np.split(whole, np.cumsum(lengths[:-1]), axis=1), strict=True):
            for start in range(0, len(tensor.data), ROWS_AT_ONCE):
                rows = slice(start, start + ROWS_AT_ONCE)
                columns[:, rows] = self._spread_out(tensor, rows).reshape(-1, len(whole)).T
        return whole

    def _taken(self, name: str) -> gguf.ReaderTensor:
        """Return what the file says of some weights, which are read once."""
        if name not in self.tensors:
            raise InputError(f"{self.name} has no weights {name}, so it cannot be run.")
        with contextlib.suppress(AttributeError):  # on Linux and macOS: drop the pages that were read
            self.memory.madvise(mmap.MADV_DONTNEED)
        return self.tensors.pop(name)

    def _spread_out(self, tensor: gguf.ReaderTensor, rows: slice) -> np.ndarray:
        """Return the numbers of some rows, end to end, as float32."""
        import gguf

        try:  # as one long row, which gguf takes in fewer steps
            return gguf.dequantize(tensor.data[rows].reshape(1, -1), tensor.tensor_type)[0]
        except NotImplementedError as error:
            raise InputError(
                f"{self.name} keeps {tensor.name} as {tensor.tensor_type.name}, which cannot be undone here: take a "
                "file with Q4_0, Q4_1, Q5_0, Q8_0, a K type, F16 or F32."
            ) from error

    def must_be_read(self) -> None:
        """Refuse a file with weights that were not read: without them it would be another model."""
        if self.tensors:
            raise InputError(
                f"{self.name} has weights that this code has no use for, such as {min(self.tensors)}: it would not be "
                "the same model without them."
            )
