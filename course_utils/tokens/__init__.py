"""Tokens: the pieces of text, each with a number, that a language model reads and writes."""

from course_utils.tokens.base import BaseTokenizer, Piece
from course_utils.tokens.bpe import BPETokenizer, naive_merges, replace_pair
from course_utils.tokens.fast_merges import learn_merges
from course_utils.tokens.libraries import SentencePieceTokenizer, Tokenizer
from course_utils.tokens.models import load_tokenizer, tokenizer_names, unload_tokenizers
from course_utils.tokens.splits import GPT2_SPLIT, GPT4_SPLIT, SMOLLM2_SPLIT
from course_utils.tokens.view import TokenView, show_tokens

__all__ = [
    "GPT2_SPLIT",
    "GPT4_SPLIT",
    "SMOLLM2_SPLIT",
    "BPETokenizer",
    "BaseTokenizer",
    "Piece",
    "SentencePieceTokenizer",
    "TokenView",
    "Tokenizer",
    "learn_merges",
    "load_tokenizer",
    "naive_merges",
    "replace_pair",
    "show_tokens",
    "tokenizer_names",
    "unload_tokenizers",
]
