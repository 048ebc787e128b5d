"""How far numbers may be apart that are the same but for rounding."""

# Sums of the same terms in another order: some 1e-16 a step, in at most some ten thousand steps.
ROUNDING = 1e-9
