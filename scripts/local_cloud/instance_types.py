"""The instance types that EMR has: those that it lists for emr-spark-8.0.0, by their sizes."""

_FAMILIES = {  # how many times xlarge (0: large), and the families that come in these sizes
    (1, 2, 4, 8, 12, 16, 24): "m5 m5a m5ad m5d m5dn m5n c5a c5ad r5 r5a r5ad r5b r5d r5dn r5n",
    (1, 2, 4, 8, 12, 16, 24, 32, 48): "m6a m7a c6a c7a r6a r7a",
    (1, 2, 4, 8, 12, 16): (
        "m6g m6gd m7g m7gd m7i-flex m8i-flex c6g c6gd c6gn c7g c7gd c7gn c7i-flex c8i-flex "
        "r6g r6gd r7g r7gd r8i-flex x2gd g4dn"
    ),
    (1, 2, 4, 8, 12, 16, 24, 32): "m6i m6id m6idn m6in c6i c6id c6in r6i r6id r6idn r6in i4i",
    (1, 2, 4, 8, 12, 16, 24, 48): (
        "m7i m8a m8g m8gd c7i c8g c8gd c8gn r7i r8a r8g r8gd x8g i7i i8g g5 g6 g6e"
    ),
    (1, 2, 4, 8, 12, 16, 24, 32, 48, 96): "m8i c8i r8i",
    (1, 2, 4, 8, 12, 16, 32): "r7iz",
    (1, 2, 4, 9, 12, 18, 24): "c5 c5d",
    (1, 2, 4, 9, 18): "c5n",
    (1, 2, 4, 8, 16): "r4 i3 i4g im4gn",
    (1, 2, 4, 8): "r3 i2 d2 d3 is4gen",
    (1, 2, 3, 6, 12): "m5zn z1d",
    (1, 2, 3, 6, 12, 24): "i3en",
    (1, 2, 3, 6, 12, 18, 24, 48): "i7ie",
    (0, 1, 2, 4, 10, 16): "m4",
    (0, 1, 2, 4, 8): "c4",
    (1, 2, 4, 8, 16, 32): "x1e",
    (1, 2, 4, 8, 16, 24, 32): "x2iedn",
    (16, 24, 32): "x2idn",
    (16, 32): "x1",
    (2, 4, 8, 16): "h1",
    (2, 4, 8, 12, 24, 48): "g7",
    (1, 8, 16): "p2",
    (2, 8, 16): "p3",
    (4, 8, 16): "g3",
    (4, 8): "gr6",
    (1,): "g3s",
    (24,): "p4d",
    (48,): "p5",
}


def _size(times: int) -> str:
    return ("large", "xlarge")[times] if times < 2 else f"{times}xlarge"


INSTANCE_TYPES = frozenset(
    f"{family}.{_size(times)}"
    for sizes, families in _FAMILIES.items()
    for family in families.split()
    for times in sizes
)
