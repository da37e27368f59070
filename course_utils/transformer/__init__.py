"""A real language model in NumPy: SmolLM2, read from its file and run step by step."""

from course_utils.transformer.generation import chat_prompt, sampling_probabilities
from course_utils.transformer.kv_cache import KVCache
from course_utils.transformer.likelihood import choice_scores, token_losses
from course_utils.transformer.model import (
    Activations,
    Block,
    NumPyLM,
    grouped_attention,
    rms_norm,
    rotate,
    rotation,
    silu,
    swiglu,
    unload_shared_model,
)

__all__ = [
    "Activations",
    "Block",
    "KVCache",
    "NumPyLM",
    "chat_prompt",
    "choice_scores",
    "grouped_attention",
    "rms_norm",
    "rotate",
    "rotation",
    "sampling_probabilities",
    "silu",
    "swiglu",
    "token_losses",
    "unload_shared_model",
]
