"""A GPT of about a million parameters in PyTorch: the model, its training, what it writes, and its checkpoints."""

from course_utils.tiny_gpt.checkpoint import load_checkpoint, save_checkpoint
from course_utils.tiny_gpt.figures import head_grids
from course_utils.tiny_gpt.model import Block, Plan, TinyGPT, attention_maps, rotate, rotation, write
from course_utils.tiny_gpt.shipped import load_ablations, load_longer, load_rates, load_shorter
from course_utils.tiny_gpt.training import get_batch, held_out_loss, piece_losses, rate, train, windows

__all__ = [
    "Block",
    "Plan",
    "TinyGPT",
    "attention_maps",
    "get_batch",
    "head_grids",
    "held_out_loss",
    "load_ablations",
    "load_checkpoint",
    "load_longer",
    "load_rates",
    "load_shorter",
    "piece_losses",
    "rate",
    "rotate",
    "rotation",
    "save_checkpoint",
    "train",
    "windows",
    "write",
]
