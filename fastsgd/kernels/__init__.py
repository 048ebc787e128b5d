"""The compiled code, and the little Python that chooses which of it runs: no branches on strings.

Words that kernels share, beside those of the field:

========= ==========================================================================
way       how the gradient of a batch is gathered: by row, by blocks of rows, by parts
short     a row that registers hold, and the sum of a batch as well
stretch   the rows of one call of a kernel: few enough for Ctrl-C not to wait
piece     the rows whose order is made at a time
chunk     256 rows, whose float32 sums are then carried on in float64
part      of a batch of several chunks: what one thread gathers
block     rows that two passes handle while a first-level cache holds them
tile      a few rows times a few outputs, whose sums are in registers
run       rows that `shuffle="block"` keeps together until it shuffles a window of them
conclude  finishes the gradient of a batch
leave     finishes with the rows of a batch once its step is taken
settle    brings all weights up to the last step, at the end of a stretch of an epoch
lapse     what happens to a weight between two steps in which its feature occurs
known     what is known of features: of all of them, or of those of one batch
near      what is known of the features of one batch, side by side
slots     what an optimizer remembers of a weight, then what a penalty does
due       what a cumulative penalty has still to take from a weight
pace      by what the learning rate of an output is multiplied; 0 where it has stopped
========= ==========================================================================
"""
