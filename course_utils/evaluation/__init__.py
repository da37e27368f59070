"""How good is a search? Judged questions, measures that compare rankings with them, and intervals."""

from course_utils.evaluation.counts import change, cohen_kappa, count_interval, rate_gap, tally
from course_utils.evaluation.intervals import (
    bootstrap_interval,
    exact_p_value,
    paired_p_value,
    percentile_interval,
    power,
    with_interval,
)
from course_utils.evaluation.questions import (
    SPLITS,
    Question,
    has_answer,
    load_questions,
    relevant_positions,
    title_share,
)
from course_utils.evaluation.ranking import (
    average_precision,
    mean_average_precision,
    mean_reciprocal_rank,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from course_utils.evaluation.timing import shortest_times

__all__ = [
    "SPLITS",
    "Question",
    "average_precision",
    "bootstrap_interval",
    "change",
    "cohen_kappa",
    "count_interval",
    "exact_p_value",
    "has_answer",
    "load_questions",
    "mean_average_precision",
    "mean_reciprocal_rank",
    "ndcg_at_k",
    "paired_p_value",
    "percentile_interval",
    "power",
    "precision_at_k",
    "rate_gap",
    "recall_at_k",
    "reciprocal_rank",
    "relevant_positions",
    "shortest_times",
    "tally",
    "title_share",
    "with_interval",
]
