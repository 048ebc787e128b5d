"""Everything that is compiled: no Python objects, no branches on strings."""
