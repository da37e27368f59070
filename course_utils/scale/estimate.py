"""On paper: what a corpus of any size would take, from measured costs of one document."""

from __future__ import annotations

from dataclasses import dataclass

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

LARGEST_INT32 = 2**31 - 1


@dataclass(frozen=True)
class Costs:
    """What one document costs, and what a machine is; prices are assumptions to be changed, not facts.

    Parameters
    ----------
    seconds : float
        Of one core, to encode a document.
    text, vector, code : float
        Bytes of its text, of its vector, and of what is kept in memory in the vector's place, a code and a position.
    task : float
        Seconds that the scheduler spends on a task.
    docs_in_a_task : int
        Documents in a partition.
    cores : int
        Of one machine.
    memory : float
        Gigabytes of one machine.
    price : float
        Of one core for an hour, in dollars.
    """

    seconds: float
    text: float
    vector: float
    code: float
    task: float
    docs_in_a_task: int = 1000
    cores: int = 16
    memory: float = 64
    price: float = 0.05

    def __post_init__(self) -> None:
        for name in ("seconds", "text", "vector", "code", "task", "memory", "price"):
            if check_number(name, getattr(self, name), 0) == 0:
                raise InputError(f"{name} must be above 0.")
        check_whole("cores", self.cores, 1), check_whole("docs_in_a_task", self.docs_in_a_task, 1)


def plan(n_docs: float, n_machines: int, costs: Costs) -> dict[str, float]:
    """Return what a corpus takes: hours and dollars to encode it, terabytes, and machines that hold it in memory.

    Machines are counted by their memory alone, all of it used for vectors or codes.

    Examples
    --------
    >>> costs = Costs(seconds=0.036, text=500, vector=768, code=64, task=0.001)
    >>> found = plan(1e8, 10, costs)
    >>> found["core-hours"], found["hours"], found["dollars"]
    (1000.0, 6.25, 50.0)
    >>> found["TB of vectors"], found["machines for vectors"], found["machines for codes"]
    (0.0768, 2, 1)
    """
    check_number("n_docs", n_docs, 1), check_whole("n_machines", n_machines, 1)
    core_hours = n_docs * costs.seconds / 3600
    n_tasks = -(-n_docs // costs.docs_in_a_task)
    room = costs.memory * 1e9
    return {
        "core-hours": round(core_hours, 6),
        "hours": round(core_hours / (n_machines * costs.cores), 6),
        "dollars": round(core_hours * costs.price, 6),
        "TB of text": n_docs * costs.text / 1e12,
        "TB of vectors": n_docs * costs.vector / 1e12,
        "machines for vectors": int(-(-n_docs * costs.vector // room)),
        "machines for codes": int(-(-n_docs * costs.code // room)),
        "tasks": int(n_tasks),
        "hours of scheduling": n_tasks * costs.task / 3600,
    }


def limits(costs: Costs) -> dict[str, float]:
    """Return at how many documents each part of a plan with one machine and one scheduler is at its end, in order.

    Examples
    --------
    >>> list(limits(Costs(seconds=0.036, text=500, vector=768, code=64, task=0.001)))[0]
    'a day of one machine'
    """
    found = {
        "a day of one machine": 24 * 3600 * costs.cores / costs.seconds,
        "vectors in its memory": costs.memory * 1e9 / costs.vector,
        "codes in its memory": costs.memory * 1e9 / costs.code,
        "positions in 32 bits": LARGEST_INT32,
        "a day of the scheduler": 24 * 3600 / costs.task * costs.docs_in_a_task,
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def busy_workers(costs: Costs) -> float:
    """Return how many workers one scheduler can keep busy: while it gives out a task, the others work.

    Examples
    --------
    >>> round(busy_workers(Costs(seconds=0.036, text=500, vector=768, code=64, task=0.001)))
    36000
    """
    return costs.docs_in_a_task * costs.seconds / costs.task
