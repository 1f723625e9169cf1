"""The shipped catalogue, and what is said about a wrong one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.catalogues import SHIPPED, CatalogueError, load_catalogue
from schemas.events import SYSTEMS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped catalogue, small enough to be read in a test: two agencies, two systems."""
    copy = tmp_path / "catalogue"
    (copy / "systems").mkdir(parents=True)
    for name in ("province", "calendar", "procedures"):
        shutil.copy(SHIPPED / f"{name}.toml", copy)
    shutil.copy(SHIPPED / "systems" / "e-office.toml", copy / "systems")
    (copy / "agencies.toml").write_text(AGENCIES, encoding="utf-8")
    (copy / "systems" / "telecom.toml").write_text(TELECOM, encoding="utf-8")
    return copy


AGENCIES = """\
[[agency]]
code = "H06"
kind = "province"
name = { vi = "Tỉnh", en = "Province" }

[[agency]]
code = "H06.01"
parent = "H06"
kind = "department"
name = { vi = "Sở", en = "Department" }

[[agency]]
code = "H06.26506"
parent = "H06"
kind = "commune"
name = { vi = "Phường", en = "Ward" }
centre = { latitude = 10.35, longitude = 107.07 }
"""

KINDS = '"province", "department", "commune", "police", "party", "organisation"'

TELECOM = """\
owner = "H06.01"
events = [
    "station.activated",
    "station.deactivated",
]
agencies = ["commune"]
partitions = 4
cadence = 80

[name]
vi = "Viễn thông"
en = "Telecom"
"""


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    return [str(problem) for problem in caught.value.problems]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_catalogue() -> None:
    catalogue = load_catalogue()
    assert catalogue.province.code == "H06"
    assert catalogue.zone.key == "Asia/Ho_Chi_Minh"
    assert sum(agency.kind == "commune" for agency in catalogue.agencies.values()) == 30
    assert all(agency.centre for agency in catalogue.agencies.values() if agency.kind == "commune")
    assert catalogue.systems.keys() == SYSTEMS.keys()
    telecom = catalogue.systems["telecom"]
    assert telecom.topic == "events.telecom"
    assert telecom.granted("station.activated")
    assert not telecom.granted("dossier.received")
    assert len(telecom.agencies) == 30
    assert catalogue.systems["one-stop"].agencies == catalogue.agencies.keys()


def test_every_event_type_is_granted_to_its_system() -> None:
    catalogue = load_catalogue()
    for system_id, events in SYSTEMS.items():
        assert catalogue.systems[system_id].events == {event.name for event in events}


def test_a_grant_of_single_codes(folder: Path) -> None:
    edit(folder / "systems/telecom.toml", '["commune"]', '["H06.01", "H06"]')
    assert load_catalogue(folder).systems["telecom"].agencies == {"H06.01", "H06"}


def test_the_version_is_of_the_content_only(folder: Path) -> None:
    version = load_catalogue(folder).version
    assert len(version) == 16
    assert int(version, 16)
    parts = AGENCIES.split("\n\n")
    text = "\ufeff# a comment\n" + "\n\n".join([parts[2], parts[0], parts[1]]).replace("\n", "\r\n")
    (folder / "agencies.toml").write_bytes(text.encode())
    edit(
        folder / "systems/telecom.toml",
        '"station.activated",\n    "station.deactivated"',
        '"station.deactivated", "station.activated"',
    )
    assert load_catalogue(folder).version == version
    edit(folder / "agencies.toml", "Ward", "ward")
    assert load_catalogue(folder).version != version


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    return lambda folder: edit(folder / name, old, new)


def write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


TELECOM_TOML = "systems/telecom.toml"
WRONG: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "misspelt event": (
        replace(TELECOM_TOML, "station.activated", "station.actvated"),
        [
            'systems/telecom.toml:3: events: "station.actvated" is not an event type of telecom; '
            'did you mean "station.activated"?',
        ],
    ),
    "unheard-of event": (
        replace(TELECOM_TOML, "station.deactivated", "mast.painted"),
        [
            'systems/telecom.toml:4: events: "mast.painted" is not an event type of telecom; '
            'allowed: "station.activated", "station.deactivated"',
        ],
    ),
    "event of another system": (
        replace(TELECOM_TOML, "station.deactivated", "dossier.received"),
        ['systems/telecom.toml:4: events: "dossier.received" is an event type of one-stop, not of telecom'],
    ),
    "misspelt key": (
        replace(TELECOM_TOML, "partitions", "partitons"),
        [
            "systems/telecom.toml: partitions: is missing",
            'systems/telecom.toml:7: partitons: is not a key of this table; did you mean "partitions"? '
            'Allowed: "owner", "events", "agencies", "partitions", "cadence", "name"',
        ],
    ),
    "misspelt key of an inner table": (
        replace("agencies.toml", 'vi = "Sở"', 'vn = "Sở"'),
        [
            "agencies.toml:10: name.vi: is missing",
            'agencies.toml:10: name.vn: is not a key of this table; allowed: "vi", "en"',
        ],
    ),
    "no partitions": (
        replace(TELECOM_TOML, "= 4", "= 0"),
        ["systems/telecom.toml:7: partitions: 0: input should be greater than or equal to 1"],
    ),
    "number among events": (
        replace(TELECOM_TOML, '    "station.deactivated"', "    7"),
        ["systems/telecom.toml:4: events: 7: input should be a valid string"],
    ),
    "unknown owner": (
        replace(TELECOM_TOML, 'owner = "H06.01"', 'owner = "H06.10"'),
        ['systems/telecom.toml:1: owner: "H06.10" is not the code of an agency; did you mean "H06.01"?'],
    ),
    "unknown agency in a grant": (
        replace(TELECOM_TOML, '"commune"', '"communes"'),
        [
            'systems/telecom.toml:6: agencies: "communes" is neither "*" nor a kind of agency nor the code of one; '
            'did you mean "commune"?',
        ],
    ),
    "unknown system": (
        lambda folder: (folder / TELECOM_TOML).rename(folder / "systems/telcom.toml"),
        [
            'systems/telcom.toml: there is no system "telcom" in schemas/events; '
            'did you mean "telecom"? Allowed: "one-stop", "e-office", "telecom", "police-ops", "population"',
        ],
    ),
    "unknown parent": (
        replace("agencies.toml", 'parent = "H06"\nkind = "department"', 'parent = "H60"\nkind = "department"'),
        ['agencies.toml:8: parent: "H60" is not the code of an agency; did you mean "H06"?'],
    ),
    "no parent": (
        replace("agencies.toml", 'parent = "H06"\nkind = "department"', 'kind = "department"'),
        ['agencies.toml:6: parent: is missing; only the province, "H06", has none'],
    ),
    "unknown kind": (
        replace("agencies.toml", '"department"', '"departement"'),
        [
            'agencies.toml:9: kind: "departement" is not allowed; did you mean "department"? Allowed: ' + KINDS,
        ],
    ),
    "code in small letters": (
        replace("agencies.toml", '"H06.26506"', '"h06.26506"'),
        [r'agencies.toml:13: code: "h06.26506" does not match ^[A-Z0-9]+(\.[A-Z0-9]+)*$'],
    ),
    "duplicate code": (
        replace("agencies.toml", '"H06.26506"', '"H06.01"'),
        ['agencies.toml:13: code: "H06.01" is already the code of the agency at line 7'],
    ),
    "no province among the agencies": (
        replace("province.toml", 'code = "H06"', 'code = "H07"'),
        [
            'agencies.toml: there is no agency "H07": the province itself, by its code in province.toml',
            'agencies.toml:1: parent: is missing; only the province, "H07", has none',
        ],
    ),
    "agencies under a wrong heading": (
        write("agencies.toml", AGENCIES.replace("[[agency]]", "[[agencies]]").encode()),
        [
            "agencies.toml: agency: must be tables, each under [[agency]]",
            'agencies.toml:1: agencies: is not a key of this file; did you mean "agency"? Allowed: "agency"',
        ],
    ),
    "beyond the pole": (
        replace("agencies.toml", "10.35", "107.35"),
        ["agencies.toml:17: centre.latitude: 107.35: input should be less than or equal to 90"],
    ),
    "bad zone": (
        replace("province.toml", "Ho_Chi_Minh", "Ho_Chi_Min"),
        ['province.toml:5: zone: "Asia/Ho_Chi_Min" is not an IANA time zone; did you mean "Asia/Ho_Chi_Minh"?'],
    ),
    "zone out of the folder": (
        replace("province.toml", "Asia/Ho_Chi_Minh", "../etc"),
        ['province.toml:5: zone: "../etc" is not an IANA time zone; an example: "Asia/Ho_Chi_Minh"'],
    ),
    "TOML syntax": (
        replace(TELECOM_TOML, "partitions = 4", "partitions = four"),
        ["systems/telecom.toml:7: not TOML: Invalid value (column 14)"],
    ),
    "TOML that ends too early": (
        write(TELECOM_TOML, b"events = ["),
        ["systems/telecom.toml: not TOML: Invalid value (at end of document)"],
    ),
    "key twice": (
        replace(TELECOM_TOML, "partitions = 4", "partitions = 4\npartitions = 5"),
        ["systems/telecom.toml:8: not TOML: Cannot overwrite a value (column 15)"],
    ),
    "not UTF-8": (
        write(TELECOM_TOML, 'owner = "H06.01"\n# tỉnh'.encode("utf-16")[2:] + b"\xff"),
        ["systems/telecom.toml:2: not UTF-8 text"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_said_about(case: str, folder: Path) -> None:
    change, expected = WRONG[case]
    change(folder)
    assert mistakes(folder) == expected


def test_agencies_under_each_other(folder: Path) -> None:
    edit(folder / "agencies.toml", 'parent = "H06"\nkind = "department"', 'parent = "H06.26506"\nkind = "department"')
    edit(folder / "agencies.toml", 'parent = "H06"\nkind = "commune"', 'parent = "H06.01"\nkind = "commune"')
    assert mistakes(folder) == ["agencies.toml:8: parent: the agency comes under itself: H06.01 → H06.26506 → H06.01"]


def test_a_missing_file(folder: Path) -> None:
    (folder / "agencies.toml").rename(folder / "agences.toml")
    assert mistakes(folder) == [f'agencies.toml: the file is missing from {folder}; did you mean "agences.toml"?']


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert mistakes(nowhere) == [
        f"agencies.toml: the file is missing from {nowhere}",
        f"calendar.toml: the file is missing from {nowhere}",
        f"procedures.toml: the file is missing from {nowhere}",
        f"province.toml: the file is missing from {nowhere}",
        f"systems: there is no file <system>.toml in {nowhere / 'systems'}",
    ]


def test_all_mistakes_at_once(folder: Path) -> None:
    """Also: a faulty agency is still known by its code, so that nothing is said about those who name it."""
    edit(folder / "province.toml", "Ho_Chi_Minh", "Saigonn")
    edit(folder / "agencies.toml", '"department"', '"ministry"')
    edit(folder / TELECOM_TOML, "station.activated", "station.activate")
    edit(folder / TELECOM_TOML, "= 4", "= true")
    edit(folder / "systems/e-office.toml", '"signature.used"', '"signature.use"')
    assert mistakes(folder) == [
        f'agencies.toml:9: kind: "ministry" is not allowed; allowed: {KINDS}',
        'province.toml:5: zone: "Asia/Saigonn" is not an IANA time zone; did you mean "Asia/Saigon"?',
        'systems/e-office.toml:4: events: "signature.use" is not an event type of e-office; '
        'did you mean "signature.used"?',
        'systems/telecom.toml:3: events: "station.activate" is not an event type of telecom; '
        'did you mean "station.activated"?',
        "systems/telecom.toml:7: partitions: true: input should be a valid integer",
    ]
    with pytest.raises(CatalogueError, match=r"^the catalogue in .* has mistakes:\nagencies.toml:9: kind: "):
        load_catalogue(folder)
