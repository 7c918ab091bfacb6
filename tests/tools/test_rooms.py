"""Rooms, arrows, floors and cycles of small trees, and of a git revision."""

import subprocess

import pytest

from tools import rooms

TREE = {
    "house/__init__.py": "from .coordinator import Coordinator",
    "house/coordinator.py": "from .meter import reader\nfrom .meter.reader import read\nimport asyncio",
    "house/meter/__init__.py": "",
    "house/meter/reader.py": "from ..dlms import Client\nfrom .units import KWH",
    "house/meter/units.py": "",
    "house/dlms/__init__.py": "from .client.client import Client\nfrom .errors import DlmsError",
    "house/dlms/errors.py": "",
    "house/dlms/client/client.py": "from custom_components.house.dlms import errors",
    "house/dlms/client/__init__.py": "",
}


def _count(**changes):
    """Count TREE with these files changed or added."""
    return rooms.count(rooms.modules_of(TREE | {f"house/{name}.py": source for name, source in changes.items()}))


def test_a_room_is_a_file_or_a_folder_of_the_two_top_levels():
    assert _count().rooms == [
        *("__init__", "coordinator", "dlms/__init__", "dlms/client/", "dlms/errors", "meter/"),
    ]


def test_an_arrow_counts_once_however_many_imports_it_stands_for():
    assert _count().arrows == [
        ("__init__", "coordinator"),
        ("coordinator", "meter/"),
        ("dlms/__init__", "dlms/client/"),
        ("dlms/__init__", "dlms/errors"),
        ("dlms/client/", "dlms/errors"),
        ("meter/", "dlms/__init__"),
    ]


def test_floors_are_the_rooms_of_the_longest_way():
    counted = _count()
    assert counted.floors == ["__init__", "coordinator", "meter/", "dlms/__init__", "dlms/client/", "dlms/errors"]
    assert counted.cycles == []


def test_a_cycle_of_types_is_a_cycle_and_one_floor():
    types_only = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..coordinator import Coordinator"
    counted = _count(**{"meter/units": types_only})
    assert counted.cycles == [["coordinator", "meter/"]]
    assert len(counted.floors) == 5


@pytest.mark.parametrize(
    "source",
    [
        "from custom_components.house import sensor",
        "from custom_components.house.sensor import Sensor",
        "import custom_components.house.sensor",
        "import house.sensor",
        "from . import sensor",
        "from .sensor import Sensor",
        "def later():\n    from .sensor import Sensor",
        "try:\n    import house.sensor\nexcept ImportError:\n    pass",
    ],
)
def test_every_spelling_of_an_import_is_an_arrow(source):
    assert ("entity", "sensor") in _count(sensor="", entity=source).arrows


def test_the_stack_under_its_short_name_is_the_same_stack():
    assert ("entity", "dlms/errors") in _count(entity="from dlms.errors import DlmsError").arrows


def test_a_relative_import_beyond_the_integration_keeps_its_dots():
    module = rooms.Module("house.entity", is_package=False, source="from ... import other\nfrom ...other import name")
    assert [entry.module for entry in rooms.imports_of(module)] == ["...", "....other"]
    module = rooms.Module("house.meter.far.reader", is_package=False, source="from ..... import other")
    assert [entry.module for entry in rooms.imports_of(module)] == ["....."]


def test_the_report_has_a_line_for_every_room():
    lines = rooms.report(_count()).splitlines()
    assert lines[:3] == [
        "rooms      6",
        "arrows     6",
        "floors     6   __init__ -> coordinator -> meter/ -> dlms/__init__ -> dlms/client/ -> dlms/errors",
    ]
    assert "dlms/__init__                   2    1" in lines


def test_a_folder_and_a_git_revision_of_it_count_the_same(tmp_path):
    for name, source in TREE.items():
        path = tmp_path / "custom_components" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    (tmp_path / "custom_components/house/new.py").write_text("", encoding="utf-8")
    revision = rooms.count(rooms.read_revision("HEAD", tmp_path))
    assert revision == _count()
    assert rooms.count(rooms.read_folder(tmp_path / "custom_components" / "house")).rooms == [*revision.rooms, "new"]


def test_our_own_tree_is_counted_without_arguments(capsys):
    assert rooms.main([]) == 0
    assert "dlms/encoding/" in capsys.readouterr().out
