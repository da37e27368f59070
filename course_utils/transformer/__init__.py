"""A real language model in NumPy: SmolLM2, read from its file and run step by step."""

from course_utils.transformer.generation import chat_ids, chat_prompt, sampling_probabilities
from course_utils.transformer.gguf_file import unload_shared_model
from course_utils.transformer.heads import Activations
from course_utils.transformer.kv_cache import KVCache
from course_utils.transformer.likelihood import choice_scores, likeliest_tokens, log_probabilities, token_losses
from course_utils.transformer.model import (
    Block,
    NumPyLM,
    grouped_attention,
    rms_norm,
    rotate,
    rotation,
    silu,
    swiglu,
)

__all__ = [
    "Activations",
    "Block",
    "KVCache",
    "NumPyLM",
    "chat_ids",
    "chat_prompt",
    "choice_scores",
    "grouped_attention",
    "likeliest_tokens",
    "log_probabilities",
    "rms_norm",
    "rotate",
    "rotation",
    "sampling_probabilities",
    "silu",
    "swiglu",
    "token_losses",
    "unload_shared_model",
]
