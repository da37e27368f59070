"""Pictures beside texts: emoji and their names, a network that sees, two towers, and a language model that sees."""

from course_utils.images.emoji import Emoji, emoji_pictures, find_emoji, held_out, load_emoji, mosaic
from course_utils.images.features import check_picture, picture_features
from course_utils.images.towers import Towers, least_squares, least_squares_towers, random_towers, train_towers

__all__ = [
    "Emoji",
    "Towers",
    "check_picture",
    "emoji_pictures",
    "find_emoji",
    "held_out",
    "least_squares",
    "least_squares_towers",
    "load_emoji",
    "mosaic",
    "picture_features",
    "random_towers",
    "train_towers",
]
