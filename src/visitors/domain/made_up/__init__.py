"""Made-up people: the same ones for the same seed, on every machine and every Python, for ever.

That rests on three things. Chance comes from `random.Random.random` and `getrandbits` alone, whose sequences
Python keeps, and never from the helpers around them, which it may change. Nothing depends on a hash, the
order of a set, a locale or a clock. And the tables beside this file are part of the result: whoever changes
them changes what every seed makes, which the tests say by a digest.
"""
