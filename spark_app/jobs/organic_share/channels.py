"""Trick: a bit per channel, so that one pass can prove that no key was delivered twice.

A perfect hash gives every known channel name a slot of its own; rows of one day, country and
platform turn the bits of their names over. As many bits set as rows means that no name came twice,
and of a name that came twice the bit is unset again. The slot depends on the name alone, so a
missed duplicate is impossible; a name that is not known only makes a false alarm.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import pack

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from xxhash import xxh64_intdigest

from spark_app.jobs.organic_share.counts import CHANNEL, Channel

NAME_HASH = "name_hash"
MAX_CHANNELS = 1024
SPARK_SEED = 42
WORD_BITS = 64
_MAX_DISPLACEMENT = 2**16


@dataclass(frozen=True)
class ChannelSlots:
    """The perfect hash over known channel names, and what is known of the channel in each slot.

    `displacements` by bucket and `fingerprints` by slot; a slot without a channel has 0.
    """

    displacements: tuple[int, ...]
    fingerprints: tuple[int, ...]

    @property
    def words(self) -> list[str]:
        """Names of the columns of 64 bits that together hold a bit for every slot."""
        return [f"word_{i}" for i in range(len(self.fingerprints) // WORD_BITS)]

    def with_slots(self, rows: DataFrame) -> DataFrame:
        """The rows with the hash of their names and the slot that follows from it."""
        name = F.col(NAME_HASH)
        bucket = F.pmod(name, F.lit(len(self.displacements))).cast("int")
        displacement = F.get(_integers(self.displacements), bucket)
        # The upper 30 bits times an odd number of at most 18 bits stay below 2^48, so that Spark's
        # ANSI multiplication never overflows; the low 15 bits are left out, because there the
        # product mixes least.
        mixed = F.shiftright(F.shiftrightunsigned(name, 34) * (displacement * 2 + 1), 15)
        slot = F.pmod(mixed, F.lit(len(self.fingerprints))).cast("int")
        return rows.withColumn(NAME_HASH, F.xxhash64("name")).withColumn("slot", slot)

    def is_known(self, slot: Column) -> Column:
        """Whether the row's name, token and has_subtrackers are those of its slot's channel."""
        known = F.get(_integers(self.fingerprints), slot)
        return known == F.xxhash64(NAME_HASH, *CHANNEL[1:])

    def word(self, slot: Column, index: int) -> Column:
        """The bit of a row's slot in one of the words."""
        bit = F.call_function("shiftleft", F.lit(1).cast("bigint"), slot)
        return F.when(F.shiftright(slot, 6) == index, bit).otherwise(F.lit(0).cast("bigint"))

    def is_set(self, words: Column) -> Column:
        """Whether the bit of a row's slot is set in an array of the words."""
        slot = F.col("slot")
        shifted = F.call_function("shiftright", F.get(words, F.shiftright(slot, 6)), slot)
        return shifted.bitwiseAND(1) == 1


def known_slots(channels: Sequence[Channel]) -> ChannelSlots | None:
    """Find slots for a sample of channels; null when there are none, or too many for bits."""
    by_name = {channel.name: channel for channel in channels}
    if not 0 < len(by_name) <= MAX_CHANNELS:
        return None
    return arrange({name_hash(c.name): fingerprint(c) for c in by_name.values()})


def name_hash(name: str) -> int:
    """What Spark's `xxhash64(name)` is."""
    return _signed(xxh64_intdigest(name.encode(), SPARK_SEED))


def fingerprint(channel: Channel) -> int:
    """What Spark's `xxhash64(xxhash64(name), token, has_subtrackers)` is: null is passed over."""
    found = xxh64_intdigest(pack("<q", name_hash(channel.name)), SPARK_SEED)
    if channel.token is not None:
        found = xxh64_intdigest(channel.token.encode(), found)
    if channel.has_subtrackers is not None:
        found = xxh64_intdigest(pack("<i", channel.has_subtrackers), found)
    return _signed(found)


def _signed(number: int) -> int:
    return number - 2**64 if number >= 2**63 else number


def arrange(fingerprints: Mapping[int, int]) -> ChannelSlots | None:
    """Place every name hash in a slot of its own; null when no arrangement is found.

    The method is "hash, displace": names are put into as many buckets as there are names, and each
    bucket, the fullest first, gets the first displacement that sends its names to free slots
    (Belazzougui, Botelho, Dietzfelbinger: Hash, Displace, and Compress, 2009).
    """
    buckets: dict[int, list[int]] = defaultdict(list)
    for name in fingerprints:
        buckets[name % len(fingerprints)].append(name)
    slots_count = WORD_BITS * -(-len(fingerprints) // WORD_BITS)
    displacements = [0] * len(fingerprints)
    taken: dict[int, int] = {}
    for bucket, names in sorted(buckets.items(), key=lambda item: -len(item[1])):
        found = _displace(names, slots_count, taken.__contains__)
        if found is None:
            return None
        displacements[bucket] = found
        taken.update((_slot(name, found, slots_count), fingerprints[name]) for name in names)
    return ChannelSlots(tuple(displacements), tuple(taken.get(i, 0) for i in range(slots_count)))


def _displace(names: Sequence[int], slots: int, is_taken: Callable[[int], bool]) -> int | None:
    for displacement in range(_MAX_DISPLACEMENT):
        wanted = {_slot(name, displacement, slots) for name in names}
        if len(wanted) == len(names) and not any(map(is_taken, wanted)):
            return displacement
    return None


def _slot(name: int, displacement: int, slots_count: int) -> int:
    return ((((name % 2**64) >> 34) * (displacement * 2 + 1)) >> 15) % slots_count


def _integers(values: Sequence[int]) -> Column:
    return F.expr(f"array({', '.join(f'{value}L' for value in values)})")
