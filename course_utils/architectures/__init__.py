"""Four small networks and two baselines on four kinds of data; a GAN and a diffusion model that make new examples."""

from course_utils.architectures.changes import reverse, shift, shuffle
from course_utils.architectures.data import (
    LOADERS,
    Task,
    load_pictures,
    load_series,
    load_table,
    load_topics,
)
from course_utils.architectures.shipped import (
    load_change,
    load_digits,
    load_facts,
    load_nearer,
    load_right,
    load_scores,
)

__all__ = [
    "LOADERS",
    "Task",
    "load_change",
    "load_digits",
    "load_facts",
    "load_nearer",
    "load_pictures",
    "load_right",
    "load_scores",
    "load_series",
    "load_table",
    "load_topics",
    "reverse",
    "shift",
    "shuffle",
]
