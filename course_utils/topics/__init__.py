"""Topics that nobody gave: groups of texts, the words that name them, and a map to look at."""

from course_utils.topics.groups import (
    OUTSIDE,
    cluster,
    nearest_to_centre,
    neighbour_average,
    reduce,
    smooth,
    text_vectors,
)
from course_utils.topics.map import topic_map
from course_utils.topics.names import WordWeights, class_tfidf, topic_words
from course_utils.topics.tree import merge_topics, topic_tree

__all__ = [
    "OUTSIDE",
    "WordWeights",
    "class_tfidf",
    "cluster",
    "merge_topics",
    "nearest_to_centre",
    "neighbour_average",
    "reduce",
    "smooth",
    "text_vectors",
    "topic_map",
    "topic_tree",
    "topic_words",
]
