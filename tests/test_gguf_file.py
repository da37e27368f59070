"""A GGUF file read quickly is the file that the package gguf reads."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.common.assets import smollm2_path
from course_utils.common.gguf_file import open_gguf, strings_at

gguf = pytest.importorskip("gguf")


def fields_of(reader):
    return {name: (field.contents(), field.types, field.offset) for name, field in reader.fields.items()}


def test_the_course_model_is_read_as_gguf_reads_it():
    ours, theirs = open_gguf(smollm2_path()), gguf.GGUFReader(smollm2_path())
    assert fields_of(ours) == fields_of(theirs)
    assert [tensor.name for tensor in ours.tensors] == [tensor.name for tensor in theirs.tensors]
    assert [tensor.data_offset for tensor in ours.tensors] == [tensor.data_offset for tensor in theirs.tensors]
    assert np.array_equal(ours.tensors[-1].data, theirs.tensors[-1].data)


@pytest.mark.parametrize("order", [gguf.GGUFEndian.LITTLE, gguf.GGUFEndian.BIG])
def test_lists_of_all_kinds_in_either_byte_order(tmp_path, order):
    path = tmp_path / "small.gguf"
    writer = gguf.GGUFWriter(path, "llama", endianess=order)
    writer.add_array("a.words", ["one", "", "três", "\U0001f600"])
    writer.add_array("a.numbers", [1, -2, 3])
    writer.add_array("a.halves", [0.5, 1.5])
    writer.add_array("a.flags", [True, False])
    writer.add_string("a.name", "a name")
    writer.add_uint8("a.last", 7)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    ours, theirs = open_gguf(path), gguf.GGUFReader(path)
    assert fields_of(ours) == fields_of(theirs)
    assert ours.fields["a.words"].contents() == ["one", "", "três", "\U0001f600"]
    assert ours.fields["a.numbers"].contents() == [1, -2, 3]
    assert ours.fields["a.last"].contents() == 7


@pytest.mark.parametrize("kept", [4, 12, 21])
def test_a_string_that_the_memory_cuts_off_is_refused(kept):
    whole = b"\x02" + bytes(7) + b"up" + b"\x04" + bytes(7) + b"down"
    assert strings_at(memoryview(whole), 0, 2)[0] == len(whole) == 22
    with pytest.raises(ValueError, match="ends within a string"):
        strings_at(memoryview(whole[:kept]), 0, 2)
