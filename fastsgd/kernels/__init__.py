"""What is compiled, beside what tells which of it and how: no branches on strings.

Words that kernels share, beside those of the field:

========= ==========================================================================
way       how the gradient of a batch is gathered: by row, by blocks of rows, by parts
short     a row that registers hold, and the sum of a batch as well
conclude  the gradient of a batch is whole
leave     the step of a batch has been taken
settle    a stretch of an epoch ends: all weights are brought up to its last step
lapse     what happens to a weight between two steps in which its feature occurs
held      what is known of features: of all of them, or of those of one batch
near      what is known of the features of one batch, side by side
slots     what an optimizer remembers of a weight, then what a penalty does
due       what a cumulative penalty has still to take from a weight
pace      by what the learning rate of an output is multiplied; 0 where it has stopped
========= ==========================================================================
"""
