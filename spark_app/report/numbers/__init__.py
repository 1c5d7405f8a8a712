"""What a report draws of a table's rows, computed apart from drawing it; numpy and pyarrow alone.

Ratios are fractions and their changes differences of fractions; other changes are relative, 0.1
for ten percent more. What is not known is NaN in arrays and None in dataclasses.
"""
