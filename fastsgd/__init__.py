"""Mini-batch stochastic gradient descent for linear models, as fast as memory lets it be."""

from . import garbage, interrupts

with interrupts.ending_the_command(), garbage.kept():
    from . import losses, optimizers, penalties, schedules
    from .errors import DivergenceError, DivergenceWarning, Interrupted
    from .gradients import ParameterGradient, gradient
    from .model import History, Model, load
    from .order import epoch_order
    from .training import fit
    from .version import __version__

__all__ = [
    "DivergenceError",
    "DivergenceWarning",
    "History",
    "Interrupted",
    "Model",
    "ParameterGradient",
    "__version__",
    "epoch_order",
    "fit",
    "gradient",
    "load",
    "losses",
    "optimizers",
    "penalties",
    "schedules",
]
