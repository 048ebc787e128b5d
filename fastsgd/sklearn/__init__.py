"""The scikit-learn face: its two estimators for SGD, with mini-batches.

This is the only module that needs scikit-learn, which ``pip install fastsgd[sklearn]`` brings.
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError(
        "fastsgd.sklearn needs scikit-learn, which is not installed: "
        "pip install 'fastsgd[sklearn]' brings it"
    )

from .classifier import SGDClassifier
from .regressor import SGDRegressor

__all__ = ["SGDClassifier", "SGDRegressor"]
