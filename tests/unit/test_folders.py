"""Files lie in the folders that their dataset declares, or are named."""

import pytest

from spark_app.declarations import Column, Files, Folder, JsonLines
from spark_app.lake.store import StoredFile
from spark_app.sources.folders import misplaced

ROOT = "/lake/raw/events"
BRAND = Column("brand", "string", "whose", at=Folder("brand"))
SOURCE = Files("events", JsonLines(), (BRAND,), folders=("brand", "yyyy", "MM"))


def named(path: str, place: str = ROOT) -> list[str]:
    """What is said of a file."""
    return list(misplaced(SOURCE, [StoredFile(path, 1, "1")], place, ROOT).values())


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"{ROOT}/acme/2024/05/one.json", ROOT),
        (f"{ROOT}/acme/2024/05/one.json", f"{ROOT}/acme/2024"),
        ("/other/acme/2024/05/one.json", "/other"),
        ("/other/acme/2024/05/one.json", "/other/acme"),
        ("/other/acme/2024/05/one.json", "/other/*/2024"),
    ],
)
def test_a_file_in_its_folders_is_read_wherever_they_begin(path: str, place: str) -> None:
    assert named(path, place) == []


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (f"{ROOT}/one.json", ROOT),
        (f"{ROOT}/2024/05/one.json", ROOT),
        (f"{ROOT}/more/acme/2024/05/one.json", ROOT),
        (f"{ROOT}/acme/2024/may/one.json", ROOT),
        (f"{ROOT}/acme/24/05/one.json", f"{ROOT}/acme"),
        ("/other/more/acme/2024/05/one.json", "/other"),
        ("/other/one.json", "/other"),
    ],
)
def test_a_file_elsewhere_is_named_with_where_it_should_lie(path: str, place: str) -> None:
    (said,) = named(path, place)
    below = ROOT if path.startswith(ROOT) else place
    assert said.startswith(f"{path} does not lie in folders brand/yyyy/MM/ below {below}; move")


def test_without_declared_folders_files_lie_anywhere() -> None:
    source = Files("events", JsonLines(), (Column("n", "int", "how many"),))
    assert misplaced(source, [StoredFile("/a/one.json", 1, "1")], "/a", ROOT) == {}


def test_a_column_lies_in_a_declared_folder() -> None:
    with pytest.raises(ValueError, match="its files lie in no folder called brand"):
        Files("events", JsonLines(), (BRAND,), folders=("tracker",))
