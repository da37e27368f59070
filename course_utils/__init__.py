"""The small helper package of the course *Tokens to Transformers*: one file for one concept."""

__version__ = "0.1.0"
