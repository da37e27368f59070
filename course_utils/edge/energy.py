"""Energy, estimated: what a multiplication, an addition and a byte from memory cost, in picojoules.

The numbers are those of Horowitz (2014), *Computing's Energy Problem*, for chips of 45 nanometres at 0.9 volts. Newer
chips need less for all of them; that memory costs far more than arithmetic has stayed.
"""

from __future__ import annotations

from dataclasses import dataclass

from course_utils.common.checks import check_number
from course_utils.common.errors import InputError

MULTIPLY = {"int8": 0.2, "float16": 1.1, "float32": 3.7}  # picojoules for one operation
ADD = {"int8": 0.1, "float16": 0.4, "float32": 0.9}  # products of int8 are added up as 32-bit whole numbers
DRAM_BYTE = (1300 / 8, 2600 / 8)  # 64 bits from the main memory take 1.3 to 2.6 nanojoules


@dataclass(frozen=True)
class Energy:
    """Microjoules of arithmetic, and of reading the weights from main memory: the least and the most."""

    arithmetic: float
    memory: tuple[float, float]

    @property
    def total(self) -> tuple[float, float]:
        """The least and the most of both together."""
        return self.arithmetic + self.memory[0], self.arithmetic + self.memory[1]


def estimate(n_products: float, n_bytes: float, kind: str = "float32") -> Energy:
    """Estimate the energy of products that are added up, and of bytes that are read once from main memory.

    Parameters
    ----------
    n_products : float
        Multiplications, each with an addition.
    n_bytes : float
        What is read from main memory. What stays in a cache is left out.
    kind : {"int8", "float16", "float32"}
        The numbers that are multiplied.

    Examples
    --------
    >>> found = estimate(1e6, 4e6)
    >>> round(found.arithmetic, 2), [round(each) for each in found.memory]
    (4.6, [650, 1300])
    """
    if kind not in list(MULTIPLY):
        raise InputError(f"There is no energy for {kind!r}; choose from {', '.join(MULTIPLY)}.")
    n_products, n_bytes = check_number("n_products", n_products, 0), check_number("n_bytes", n_bytes, 0)
    low, high = (n_bytes * picojoules / 1e6 for picojoules in DRAM_BYTE)
    return Energy(n_products * (MULTIPLY[kind] + ADD[kind]) / 1e6, (low, high))
