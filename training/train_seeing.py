"""Teach SmolLM2 to see: ``python3 training/train_seeing.py`` makes the projection that notebook 17 loads.

The network that looks at the pictures and the language model stay as they are. What is learned lies between them: two
matrices that turn the features of a picture into a row that stands where a word's row would stand. They start from
least squares and follow the gradient of the language model's loss on the names and keywords of the emoji that are not
kept aside, as in the notebook, for more steps. One thread computes: about 5 minutes. With ``--exchanged`` each caption
is learned behind another picture: a control that can learn what captions look like, and nothing about a picture. With
``--mean-row`` the matrices stay as they are and the row that all pictures have in common is trained alone, 576 numbers,
which are saved: a control that learns from the right pictures, and can learn only what all of them have in common.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from course_utils.images import emoji_pictures, held_out, load_emoji, picture_features
from course_utils.images.learning import LEARNED, train_projection
from course_utils.images.reading import FrozenReader
from course_utils.images.seeing import (
    EXCHANGED,
    MEAN_ROW,
    RANK,
    SHOTS,
    TRAINED,
    least_squares_projection,
    save_projection,
)
from course_utils.transformer import NumPyLM

STEPS = 200


def main() -> None:
    """Train, and save the projection."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, help="where to save the projection, if not with the course's data")
    controls = parser.add_mutually_exclusive_group()
    controls.add_argument("--exchanged", action="store_true", help="learn each caption behind another picture")
    controls.add_argument(
        "--mean-row", action="store_true", help="learn the row that all pictures have in common alone"
    )
    options = parser.parse_args()
    emoji, model = load_emoji(), NumPyLM.smollm2()
    train = np.flatnonzero(~held_out([one.en for one in emoji]))
    features = picture_features(emoji_pictures())[train]
    names = [model.tokenizer.encode(f" {emoji[place].en.lower()}") for place in train]
    rows = np.stack([model.embedding[ids].mean(axis=0) for ids in names])
    length = np.linalg.norm(model.embedding[::10] - rows.mean(axis=0), axis=1).mean()
    order = np.random.default_rng(1).permutation(len(features)) if options.exchanged else slice(None)
    projection, losses = train_projection(
        FrozenReader(model, SHOTS, ":"),
        least_squares_projection(features, rows, length, RANK),
        features[order],
        [(emoji[place].en, emoji[place].tags) for place in train],
        steps=STEPS,
        learned=("base",) if options.mean_row else LEARNED,
        rng=np.random.default_rng(0),
    )
    print(f"loss {np.mean(losses[:20]):.2f} in the first 20 steps, {np.mean(losses[-20:]):.2f} in the last")
    if options.mean_row:
        np.save(options.file or MEAN_ROW, projection.base)
    else:
        save_projection(projection, options.file or (EXCHANGED if options.exchanged else TRAINED))


if __name__ == "__main__":
    main()
