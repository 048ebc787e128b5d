"""How far numbers may be apart that are the same but for rounding."""

# Sums of the same terms in another order: some 1e-16 of each sum a step, in at most some ten
# thousand steps, and of sums that may be a thousand times as large as what is left of them.
ROUNDING = 1e-9
