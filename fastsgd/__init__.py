"""Mini-batch stochastic gradient descent for linear models, as fast as memory lets it be.

`fit` learns a `Model`, which predicts, and which `load` reads from a file. `losses`, `penalties`,
`optimizers` and `schedules` are what a fit is made of. `gradient` is what autograd would leave in
``param.grad``, and `epoch_order` the order in which rows are visited. `fastsgd.sklearn`, which is
imported by itself, has scikit-learn's estimators.
"""

from . import garbage, interrupts

with interrupts.ending_the_command(), garbage.made_to_stay():
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
