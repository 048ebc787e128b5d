"""The three kinds of losses, which differ in what their targets are."""

REGRESSION = "regression"  # numbers
BINARY = "binary"  # -1 and 1, which stand for two labels, or for one class and the rest
MULTICLASS = "multiclass"  # the number of the class, for the predictions of all classes at once
