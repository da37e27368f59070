"""Search: ranking texts for a question, by the words they share with it and by what they mean."""

from course_utils.search.bm25 import BM25Index
from course_utils.search.dense import DenseIndex
from course_utils.search.fusion import reciprocal_rank_fusion, score_fusion
from course_utils.search.hits import Hit
from course_utils.search.rerank import cross_encoder_rerank, likelihood_rerank, maxsim, maxsim_rerank, rerank_by

__all__ = [
    "BM25Index",
    "DenseIndex",
    "Hit",
    "cross_encoder_rerank",
    "likelihood_rerank",
    "maxsim",
    "maxsim_rerank",
    "reciprocal_rank_fusion",
    "rerank_by",
    "score_fusion",
]
