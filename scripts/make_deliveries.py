"""Make two deliveries of every dataset of events, as real deliverers send them: the second one a
while after the first.

Six weeks of events. The second delivery brings the last two, events that are late, lines that were
delivered before, and files that replace others: grown ones, and one that takes a line back. Both
have rows with one key and other values, and lines that break each rule that text can break.

The same seed gives the same bytes.

    python -m scripts.make_deliveries --out demo-lake/raw --delivery 1
"""

import argparse
import gzip
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

SEED = 10
FIRST = datetime(2024, 3, 4, tzinfo=UTC)  # a Monday
DAYS, CUT, LATE_FROM = (
    42,
    28,
    21,
)  # the first delivery ends before CUT; late ones are of LATE_FROM on
LATE_SHARE, COPIED_SHARE, HELD_BACK_SHARE = 0.03, 0.02, 0.1
USERS, DEVICES, ITEMS, CATEGORIES = 400, 150, 250, 800
ID = 2**53  # numbers from here on are no doubles

COUNTRIES = ("DE", "DE", "FR", "GB", "US", "US", "US", "")
MODELS = ("Pixel 8", "iPhone", "SM-G991B", "")
EVENTS = ("open",) * 6 + ("view_item",) * 3 + ("add_to_cart",) * 2 + ("purchase",)
CAMPAIGNS = ("summer", '"spring, late"', '"the ""best"" one"', "")
PLACES = ("olx/hydra/android", "letgo/ninja/ios")
FUNNEL = ("signup", "trial", "purchase")

Content = Mapping[str, bytes]  # of files, by their path below raw/


@dataclass(frozen=True)
class Line:
    """A line that is delivered: on which day it happened, and in which file it comes."""

    day: int
    file: str
    text: str


@dataclass(frozen=True)
class Dataset:
    """How the lines of a dataset become files; `bad` are lines that break rules, `again` says a
    line again in other words that mean the same event."""

    lines: Sequence[Line]
    bad: Sequence[bytes]
    header: str = ""
    end: str = "\n"
    again: Callable[[str], str] = str


def deliveries(seed: int = SEED) -> tuple[Content, Content]:
    """The files of the first delivery, and those that the second one adds or replaces."""
    first: dict[str, bytes] = {}
    second: dict[str, bytes] = {}
    for name, make in DATASETS.items():
        rng = random.Random(f"{seed} {name}")
        for files, found in zip((first, second), split(make(rng), rng), strict=True):
            files.update({f"{name}/{path}": content for path, content in found.items()})
    return first, second


def split(dataset: Dataset, rng: random.Random) -> tuple[Content, Content]:
    """One dataset as two deliveries, see the module."""
    sent: dict[str, list[str]] = defaultdict(list)
    later: dict[str, list[str]] = defaultdict(list)
    rewritten = next(line.file for line in dataset.lines if line.day == CUT - 1)
    for line in dataset.lines:
        is_late = line.day >= LATE_FROM and rng.random() < LATE_SHARE
        is_held_back = line.file == rewritten and rng.random() < HELD_BACK_SHARE
        if line.day < CUT and not is_late and not is_held_back:
            sent[line.file].append(line.text)
        elif line.day < CUT and is_late and not is_held_back:
            later[late(line.file)].append(line.text)
        else:
            later[line.file].append(line.text)
    copy(sent, sent, dataset, rng)
    copy(sent, later, dataset, rng)
    for file in sent.keys() & later.keys() | {rewritten}:
        later[file] = sent[file][file == rewritten :] + later[file]
    some = dataset.bad[::2]  # the second delivery has them all
    return packed(sent, dataset, some), packed(later, dataset, dataset.bad)


def copy(
    sent: Mapping[str, list[str]], into: dict[str, list[str]], dataset: Dataset, rng: random.Random
) -> None:
    """Lines that were sent once come again, in another file below the same folders."""
    files = sorted(into)
    for file in sorted(sent):
        near = [other for other in files if group(other) == group(file) and other != file] or [file]
        # the first line in any case: that of one file is taken back
        chosen = [n for n in range(len(sent[file])) if not n or rng.random() < COPIED_SHARE]
        for n in chosen:
            into[rng.choice(near)].append(dataset.again(sent[file][n]))


def packed(files: Mapping[str, Sequence[str]], dataset: Dataset, bad: Sequence[bytes]) -> Content:
    """The bytes of files; bad lines stand in the middle of the largest one."""
    largest = max(sorted(files), key=lambda file: len(files[file]))
    return {
        file: _bytes(file, lines, dataset, bad if file == largest else ())
        for file, lines in files.items()
    }


def _bytes(file: str, lines: Sequence[str], dataset: Dataset, bad: Sequence[bytes]) -> bytes:
    middle, end = len(lines) // 2, dataset.end.encode()
    good = [line.encode() for line in lines]
    header = [dataset.header.encode()] if dataset.header else []
    content = end.join([*header, *good[:middle], *bad, *good[middle:], b""])
    return gzip.compress(content, mtime=0) if file.endswith(".gz") else content


def late(file: str) -> str:
    """The file of lines that were to be in `file`, beside it."""
    folder, _, name = file.rpartition("/")
    return f"{folder}/late {name}" if folder else f"late {name}"


def group(file: str) -> str:
    """What the folders of a file say of its lines besides their day."""
    return "/".join(file.split("/")[:-4])


def moments(rng: random.Random, a_day: int) -> Iterator[tuple[int, datetime]]:
    """Days and moments, more of them from week to week and at weekends; in the order of days."""
    for day in range(DAYS):
        start = FIRST + timedelta(days=day)
        busy = a_day * (1 + day / 70) * (1.3 if start.weekday() >= 5 else 1)
        for _ in range(int(rng.gauss(busy, busy / 12))):
            yield day, start + timedelta(milliseconds=rng.randrange(86_400_000))


def app_event(rng: random.Random) -> Dataset:
    """CSV without a header, a file a week, some of them packed."""
    lines = []
    for number, (day, at) in enumerate(moments(rng, 90)):
        user, name = rng.randrange(USERS), rng.choice(EVENTS)
        bought = f"{rng.randrange(1, 4)},{rng.randrange(100, 90_000) / 10_000:.4f}"
        values = (
            *(f"adid-{user:04}", "ios" if user % 3 else "android", rng.choice(MODELS)),
            *(rng.choice(COUNTRIES), name, str(ID + number), f"{at:%Y-%m-%d %H:%M:%S.%f}"),
            bought if name == "purchase" else ",",
        )
        week = day // 7
        lines.append(Line(day, f"März {week} [1].csv{'.gz' * (week % 2)}", ",".join(values)))
    bad = (
        b"adid-0001,ios,iPhone,DE,open",
        b'adid-0002,ios,"iPhone,DE,open,1,2024-03-08 10:00:00.000000,,',
        b"adid-\xff,ios,iPhone,DE,open,2,2024-03-08 10:00:00.000000,,",
        b"adid-0003,ios,iPhone,DE,open,3,2024-03-08T10:00:00,,",
        b"adid-0004,ios,iPhone,DE,purchase,4,2024-03-08 10:00:00.000000,1.5,1",
        b"adid-0005,ios,iPhone,DE,purchase,5,2024-03-08 10:00:00.000000,1,0.00001",
        b",ios,iPhone,DE,open,6,2024-03-08 10:00:00.000000,,",
        b"adid-0006,ios,iPhone,DE,,7,2024-03-08 10:00:00.000000,,",
        b"adid-0007,ios,iPhone,DE,open,,2024-03-08 10:00:00.000000,,",
        b"adid-0008,ios,iPhone,DE,open,8,,,",
        b"adid-0009,ios,iPhone,DE,open,9.00720E+15,2024-03-08 10:00:00.000000,,",
        b"adid-0010,ios,iPhone,DE,open,10,2999-03-08 10:00:00.000000,,",
        b'" ",ios,iPhone,DE,open,11,2024-03-08 10:00:00.000000,,',
        b"identity_adid,os,model,country,event_name,log_id,server_datetime,quantity,price",
    )
    return Dataset(lines, bad, again=lambda line: line.replace("Pixel 8", "Pixel 8 Pro"))


def attribution(rng: random.Random) -> Dataset:
    """CSV without a header, a file in two weeks, with the line ends of Windows."""
    lines = []
    for number, (day, at) in enumerate(moments(rng, 40)):
        values = (
            *(rng.choice(("ads", "search", "")), rng.choice(CAMPAIGNS)),
            *(f"{at:%Y-%m-%d %H:%M:%S.%f}", f"t{rng.randrange(9)}", str(number)),
            *(str(rng.choice((0, 0, 1, 2))), f"adid-{rng.randrange(USERS):04}"),
        )
        lines.append(Line(day, f"attributions {day // 14}.csv", ",".join(values)))
    bad = (
        b"ads,summer",
        b'ads,"summer,2024-03-08 10:00:00.000000,t1,1,0,adid-0001',
        b"ads,\xff,2024-03-08 10:00:00.000000,t1,2,0,adid-0001",
        b"ads,summer,8.3.2024,t1,3,0,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,4,new,adid-0001",
        b"ads,summer,,t1,5,0,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,,0,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,6,,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,7,0,",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,8,-1,adid-0001",
        b"ads,summer,2999-03-08 10:00:00.000000,t1,9,0,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,1.2E+10,10,0,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,1.2E+10,0,adid-0001",
        b"ads,summer,2024-03-08 10:00:00.000000,t1,11,0,1.2E+10",
        b"partner,campaign,server_datetime,tracker_id,log_id,attribution_type,identity_adid",
    )
    return Dataset(lines, bad, end="\r\n")


def device_event(rng: random.Random) -> Dataset:
    """JSON lines in a folder a tracker and day, every other file packed."""
    lines = []
    for day, at in moments(rng, 60):
        device, place = rng.randrange(DEVICES), rng.choice(PLACES)
        event = {
            "meta": {"session_long": ID + device, "date": f"{at:%Y-%m-%d %H:%M:%S}"},
            "params": {
                "cc": rng.choice(COUNTRIES).lower() or None,
                "user_id": f"u{device}" if device % 4 else "",
                "long": f"{rng.uniform(-10, 30):.5f}",
                "lat": round(rng.uniform(35, 60), 5),
                "price": rng.choice((None, 5, "5", {"amount": 5})),
            },
            "action": rng.choice(("ad_page", "reply", "search")),
        }
        file = f"{place}/{at:%Y/%m/%d}/part-0.json{'.gz' * (day % 2)}"
        lines.append(Line(day, file, json.dumps(event)))
    good = '{"meta": {"session_long": 1, "date": "2024-03-08 10:00:00"}'
    bad = (
        b"{",
        f'{good}, "note": "'.encode() + b'\xff"}',
        b'{"meta": {"session_long": 1, "date": "8.3.2024"}}',
        f'{good}, "params": {{"long": "east"}}}}'.encode(),
        f'{good}, "params": {{"lat": "north"}}}}'.encode(),
        b'{"meta": {"date": "2024-03-08 10:00:00"}}',
        b'{"meta": {"session_long": 1}}',
        b'{"meta": {"session_long": 1, "date": "2999-03-08 10:00:00"}}',
        b'{"meta": {"session_long": " ", "date": "2024-03-08 10:00:00"}}',
        f'{good}, "params": {{"user_id": "1.2E+10"}}}}'.encode(),
    )
    return Dataset(lines, bad, again=_in_another_order)


def _in_another_order(line: str) -> str:
    return json.dumps(dict(reversed(json.loads(line).items())), separators=(",", ":"))


def shop_event(rng: random.Random) -> Dataset:
    """CSV with a header: one file, which grows."""
    lines = []
    for number, (day, at) in enumerate(moments(rng, 60)):
        event = rng.choice(("view",) * 8 + ("addtocart", "transaction"))
        values = (
            *(millis(at), str(rng.randrange(USERS)), event, str(rng.randrange(ITEMS))),
            str(number) if event == "transaction" else "",
        )
        lines.append(Line(day, "events.csv", ",".join(values)))
    bad = (
        b"1709892000000,1,view",
        b'1709892000000,1,"view,2,',
        b"1709892000000,\xff,view,2,",
        b"2024-03-08 10:00:00,1,view,2,",
        b",1,view,2,",
        b"1709892000000,,view,2,",
        b"1709892000000,1,,2,",
        b"1709892000000,1,view,,",
        b"1709892000000,1,wink,2,",
        b"32477148000000,1,view,2,",
        b"1709892000000,2.57597E+05,view,2,",
        b'1709892000000,1,view," ",',
        b"1709892000000,1,transaction,2,1.2E+10",
        b'"timestamp","visitorid","event","itemid","transactionid"',
    )
    return Dataset(lines, bad, "timestamp,visitorid,event,itemid,transactionid")


def item_property(rng: random.Random) -> Dataset:
    """CSV with a header, in parts; a copy says a larger value for the same moment."""
    lines = []
    for day, at in moments(rng, 40):
        name, value = rng.choice(
            (
                ("categoryid", str(rng.randrange(CATEGORIES))),
                ("available", str(rng.randrange(2))),
                ("790", f"n{rng.randrange(100_000) / 1000:.3f}"),
                ("888", f'"n12.000 {rng.randrange(9)}, and more"'),
                ("364", ""),
            )
        )
        text = f"{millis(at)},{rng.randrange(ITEMS)},{name},{value}"
        lines.append(Line(day, f"item_properties_part{1 + day // 14}.csv", text))
    bad = (
        b"1709892000000,1,790",
        b'1709892000000,1,790,"n1',
        b"1709892000000,1,790,\xff",
        b"1.709892E+12,1,790,n1.000",
        b",1,790,n1.000",
        b"1709892000000,,790,n1.000",
        b"1709892000000,1,,n1.000",
        b"32477148000000,1,790,n1.000",
        b"1709892000000,3.55E+05,790,n1.000",
        b'"timestamp","itemid","property","value"',
    )
    header = "timestamp,itemid,property,value"
    return Dataset(lines, bad, header, again=lambda line: line.replace(",n", ",n9"))


def category(rng: random.Random) -> Dataset:
    """CSV with a header: a tree that grows, some parents of which are not delivered."""
    lines = []
    for number in range(CATEGORIES):
        parent = str(rng.randrange(number)) if number > 12 else ""
        text = f"{number},{parent if number % 300 else 'unknown'}"
        lines.append(Line(number * DAYS // CATEGORIES, "category_tree.csv", text))
    bad = (b"1", b'"7,1', b"\xff,1", b",1", b"1.2E+10,1.2E+10", b'"categoryid","parentid"')
    return Dataset(lines, bad, "categoryid,parentid")


def user_funnel(rng: random.Random) -> Dataset:
    """CSV with a header, a file a month, and another one for a month that has one already."""
    lines = []
    for number, (day, at) in enumerate(moments(rng, 50)):
        values = (
            *(str(ID + number), f"u{rng.randrange(USERS)}", rng.choice(FUNNEL)),
            *(f"{at:%Y-%m-%d %H:%M:%S}", rng.choice(("web", "app", "")), rng.choice(COUNTRIES)),
        )
        file = f"funnel_{at:%Y_%m}.csv" if day < CUT else f"export ({at:%m}).csv"
        lines.append(Line(day, file, ",".join(values)))
    bad = (
        b"1,u1,signup",
        b'2,u1,"signup,2024-03-08 10:00:00,web,DE',
        b"3,u1,\xff,2024-03-08 10:00:00,web,DE",
        b"4,u1,signup,8.3.2024,web,DE",
        b",u1,signup,2024-03-08 10:00:00,web,DE",
        b"5,,signup,2024-03-08 10:00:00,web,DE",
        b"6,u1,,2024-03-08 10:00:00,web,DE",
        b"7,u1,signup,,web,DE",
        b"8,u1,signup,2999-03-08 10:00:00,web,DE",
        b"9.00720E+15,u1,signup,2024-03-08 10:00:00,web,DE",
        b'10," ",signup,2024-03-08 10:00:00,web,DE',
        b'"event_id","user_id","event_name","event_timestamp","platform","country"',
    )
    return Dataset(lines, bad, "event_id,user_id,event_name,event_timestamp,platform,country")


DATASETS: Mapping[str, Callable[[random.Random], Dataset]] = {
    make.__name__: make
    for make in (
        *(app_event, attribution, category, device_event),
        *(item_property, shop_event, user_funnel),
    )
}


def millis(at: datetime) -> str:
    """The milliseconds since 1970, as text."""
    return str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def write(raw: Path, files: Content) -> None:
    """Put files below a folder, in place of those of their names."""
    for name, content in files.items():
        path = raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main() -> None:
    """Write one of the two deliveries."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("demo-lake/raw"))
    parser.add_argument("--delivery", type=int, choices=(1, 2), default=1)
    parser.add_argument("--seed", type=int, default=SEED)
    args = parser.parse_args()
    files = deliveries(args.seed)[args.delivery - 1]
    write(args.out, files)
    print(f"delivery {args.delivery}: {len(files)} files in {args.out}")


if __name__ == "__main__":
    main()
