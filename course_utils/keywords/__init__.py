"""Keywords of a text: chosen from its phrases, proposed by a language model, asked for once a group, and scored."""

from course_utils.keywords.choice import Keyword, candidates, extract, mmr
from course_utils.keywords.near_copies import group_similar, nearest_other
from course_utils.keywords.proposals import beginning, keyword_prompt, propose
from course_utils.keywords.scores import (
    compare,
    correlation_lead,
    keep_words,
    lead,
    resampled_correlations,
    shared_words,
    word_set,
)
from course_utils.phrases import Highlighted, stands_in

__all__ = [
    "Highlighted",
    "Keyword",
    "beginning",
    "candidates",
    "compare",
    "correlation_lead",
    "extract",
    "group_similar",
    "keep_words",
    "keyword_prompt",
    "lead",
    "mmr",
    "nearest_other",
    "propose",
    "resampled_correlations",
    "shared_words",
    "stands_in",
    "word_set",
]
