"""What every lesson stands on: errors, checks, cards, progress, the cache and what is fetched into it."""

from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "data"
