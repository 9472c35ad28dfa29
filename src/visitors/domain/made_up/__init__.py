"""Generated test data: the same for the same seed, on every machine and Python version.

Randomness comes only from `random.Random.random` and `getrandbits`, whose sequences Python guarantees, not from the
helpers built on them, which may change. Nothing depends on hashes, set order, the locale or the clock. The tables in
this package are part of the result: changing them changes the output of every seed, which a test detects by digest.
"""
