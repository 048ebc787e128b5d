"""The commands of ``python -m fastsgd``."""
