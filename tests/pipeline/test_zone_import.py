"""Other programs' files, written here, come in as zones: every repair and refusal is named, nothing is guessed."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from shapely import MultiPolygon, Point, Polygon, box

from flows.cli import main
from geofences.datum import Datum, shape_from_wgs84
from geofences.geojson import dump_zones, parse_zones
from geofences.zone import Zone, ZoneKind
from pipeline.errors import BadInput
from pipeline.zone_import import ImportedZones, import_zones

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = box(120.13, 30.31, 120.14, 30.32)
YARD = Polygon(BLOCK.exterior.coords, [box(120.133, 30.313, 120.136, 30.316).exterior.coords])
HALVES = MultiPolygon([box(120.13, 30.31, 120.134, 30.32), box(120.136, 30.31, 120.14, 30.32)])
BOW_TIE = Polygon([(120.13, 30.31), (120.14, 30.32), (120.14, 30.31), (120.13, 30.32)])


def load(
    path: Path,
    *,
    datum: Datum | None = None,
    encoding: str | None = None,
    columns: dict[str, str | None] | None = None,
    kinds: dict[str, str] | None = None,
) -> ImportedZones:
    """The file's zones; roads, where it does not say."""
    return import_zones(path, datum=datum, encoding=encoding, columns=columns or {}, kinds=kinds or {"": "road"})


def notes(done: ImportedZones) -> list[tuple[int, str, bool, str]]:
    """Of each feature with one its number, name, whether it was refused, and what was said."""
    return [
        (number, one.name, bool(one.refusals), "; ".join(one.refusals or one.repairs))
        for number, one in enumerate(done.features, 1)
        if one.refusals or one.repairs
    ]


def write(
    path: Path, shapes: list[Any], *, crs: str | None = "EPSG:4326", encoding: str = "UTF-8", **columns: Any
) -> Path:
    """A file in the format of its suffix."""
    wkb = np.array([None if shape is None else shapely.to_wkb(shape) for shape in shapes], dtype=object)
    cells = [np.array(cells, dtype=object if isinstance(cells[0], str | None) else None) for cells in columns.values()]
    kind = "Polygon" if path.suffix == ".shp" else "Unknown"
    pyogrio.raw.write(path, wkb, cells, list(columns), geometry_type=kind, crs=crs, encoding=encoding)
    return path


def collection(*geometries: dict[str, Any] | None, **members: Any) -> str:
    """GeoJSON by hand, for what no program would write."""
    features = [
        {"type": "Feature", "properties": {"zone_id": f"z{n}", "name": f"区 {n}", "kind": "road"}, "geometry": geometry}
        for n, geometry in enumerate(geometries, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def polygon(*rings: list[list[float]]) -> dict[str, Any]:
    """A GeoJSON polygon, as wrong as its rings."""
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_chinese_shapefile(tmp_path: Path) -> None:
    """GBK columns and names, CGCS2000 in metres, holes, several parts: read where and as they were drawn."""
    to_metres = pyproj.Transformer.from_crs("EPSG:4490", "EPSG:4549", always_xy=True).transform
    shapes = [shapely.transform(one, lambda xy: np.stack(to_metres(*xy.T), axis=1)) for one in (BLOCK, YARD, HALVES)]
    path = write(
        tmp_path / "街区.shp",
        shapes,
        crs="EPSG:4549",
        encoding="GBK",
        编号=[7, 8, 9],
        名称=["台州路", "运河新城", "小河街"],
        类型=["道路", "工地", "工地"],
        备注=["", "旧", ""],
    )
    columns = {"zone_id": "编号", "name": "名称", "kind": "类型"}
    done = load(path, columns=columns, kinds={"道路": "road", "工地": "construction_site"})
    assert [(zone.zone_id, zone.name, zone.kind) for zone in done.zones] == [
        ("7", "台州路", "road"),
        ("8", "运河新城", "construction_site"),
        ("9", "小河街", "construction_site"),
    ]
    for zone, drawn in zip(done.zones, (BLOCK, YARD, HALVES), strict=True):
        assert zone.outline.normalize().equals_exact(drawn.normalize(), 1e-9)
    assert notes(done) == []
    assert "columns left out: 备注" in done.remarks
    assert any("CGCS2000" in remark for remark in done.remarks)


def test_an_encoding_is_never_guessed(tmp_path: Path) -> None:
    """Without its .cpg a GBK Shapefile is refused until --encoding is given; a wrong one is said."""
    path = write(tmp_path / "a.shp", [BLOCK], encoding="GBK", name=["台州路"])
    path.with_suffix(".cpg").unlink()
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0  # the language, which older programs leave out
    path.with_suffix(".dbf").write_bytes(bytes(dbf))
    with pytest.raises(BadInput, match=r"encoding: is not stated.*gbk"):
        load(path)
    with pytest.raises(BadInput, match="its texts are not utf-8"):
        load(path, encoding="utf-8")
    assert load(path, encoding="gbk").zones[0].name == "台州路"


def test_a_coordinate_system_is_never_guessed(tmp_path: Path) -> None:
    """Without a .prj it must be said which degrees they are; one that cannot be taken to WGS 84 is refused."""
    path = write(tmp_path / "a.shp", [BLOCK], name=["a"])
    path.with_suffix(".prj").unlink()
    with pytest.raises(BadInput, match=r"coordinate system: is not stated.*\.prj"):
        load(path)
    assert load(path, datum=Datum.WGS84).zones[0].outline.equals_exact(BLOCK, 1e-9)
    with pytest.raises(BadInput, match=r"Xian 1980.*is not based on"):
        load(write(tmp_path / "b.shp", [BLOCK], crs="EPSG:4610", name=["a"]))


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@pytest.mark.parametrize("name", ["a.shp", "a.geojson", "a.gpkg"])
def test_another_datum_is_left_at_the_door(tmp_path: Path, name: str, datum: Datum) -> None:
    """Stated with --datum, an outline drawn on a Chinese web map comes back to its place in WGS 84."""
    path = write(tmp_path / name, [shape_from_wgs84(YARD, datum)], name=["a"])
    (zone,) = load(path, datum=datum).zones
    assert shapely.hausdorff_distance(zone.outline.boundary, YARD.boundary) < 1e-8


def test_our_own_file_states_its_datum(tmp_path: Path) -> None:
    """The member beside the features counts, and one that contradicts --datum or is unknown is refused."""
    path = tmp_path / "a.geojson"
    path.write_text(collection(shapely.geometry.mapping(shape_from_wgs84(BLOCK, Datum.GCJ02)), datum="gcj02"))
    (zone,) = load(path).zones
    assert shapely.hausdorff_distance(zone.outline.boundary, BLOCK.boundary) < 1e-8
    with pytest.raises(BadInput, match="the file says gcj02, --datum says bd09"):
        load(path, datum=Datum.BD09)
    path.write_text(collection(datum="pz90"))
    with pytest.raises(BadInput, match="the file says pz90"):
        load(path)


def test_every_repair_and_refusal_is_named(tmp_path: Path) -> None:
    """Wrong features of all sorts in one file: each is a zone or a note with its number and name, or both."""
    ring = [list(corner) for corner in BLOCK.exterior.coords]
    path = tmp_path / "wrong.geojson"
    path.write_text(
        collection(
            polygon(ring),
            polygon(ring[:-1]),
            polygon([*ring[:2], ring[1], *ring[2:]]),
            polygon(ring[::-1]),
            shapely.geometry.mapping(BOW_TIE),
            polygon([[*corner, 12.5] for corner in ring]),
            None,
            polygon(),
            shapely.geometry.mapping(Point(120, 30)),
            polygon([corner[::-1] for corner in ring]),
            polygon([[2e5 * x, y] for x, y in ring]),
        )
    )
    done = load(path)
    assert [zone.zone_id for zone in done.zones] == ["z1", "z2", "z3", "z4", "z5", "z6"]
    assert [zone.outline.area for zone in done.zones] == pytest.approx([1e-4] * 4 + [5e-5, 1e-4])
    said = {(number, refused): f"{name} {what}" for number, name, refused, what in notes(done)}
    for (number, refused), words in {
        (2, False): "区 2 a ring was not closed",
        (3, False): "区 3 1 repeated vertices left out",
        (4, False): "区 4 wound the wrong way",
        (5, False): "区 5 self-intersection at lon 120.135, lat 30.315: redrawn without, now in 2 parts",
        (7, True): "区 7 has no geometry",
        (8, True): "区 8 has no geometry",
        (9, True): "区 9 is Point that encloses nothing",
        (10, True): "区 10 geometry: coordinates look swapped",
        (11, True): "区 11 geometry: [",
    }.items():
        assert said.pop((number, refused)).startswith(words)
    assert not said
    assert any("heights are left out" in remark for remark in done.remarks)
    assert len(done.features) == 11


def test_every_folder_of_a_kml_is_read(tmp_path: Path) -> None:
    """Placemarks of two folders, extended data as columns, a point among the areas; unnamed ids are numbered."""
    ring = " ".join(f"{x},{y},0" for x, y in BLOCK.exterior.coords)
    ring = f"<LinearRing><coordinates>{ring}</coordinates></LinearRing>"
    area = f"<Polygon><outerBoundaryIs>{ring}</outerBoundaryIs></Polygon>"
    kind = '<ExtendedData><Data name="类型"><value>道路</value></Data></ExtendedData>'
    (tmp_path / "doc.kml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Folder><name>一</name><Placemark><name>台州路</name>{kind}{area}</Placemark></Folder>"
        f"<Folder><name>二</name><Placemark><name>小河街</name>{kind}"
        f"<MultiGeometry>{area}<Point><coordinates>120,30</coordinates></Point></MultiGeometry></Placemark>"
        f"<Placemark><name>站</name>{kind}<Point><coordinates>120,30</coordinates></Point></Placemark></Folder>"
        "</Document></kml>"
    )
    done = load(tmp_path / "doc.kml", columns={"kind": "______"}, kinds={"道路": "road"})
    assert any("export with a <Schema>" in remark for remark in done.remarks)
    assert [(zone.zone_id, zone.name) for zone in done.zones] == [("doc-1", "台州路"), ("doc-2", "小河街")]
    assert [note[:3] for note in notes(done)] == [(2, "小河街", False), (3, "站", True)]
    assert "1 parts without area left out" in notes(done)[0][3]


def test_schedules_and_validity_come_along(tmp_path: Path) -> None:
    """What our own writer puts in a file comes back the same through GDAL, for every property a zone has."""
    text = collection(shapely.geometry.mapping(BLOCK))
    feature = json.loads(text)
    window = {"days": ["mon", "sun"], "from": "18:00", "until": "02:00"}
    feature["features"][0]["properties"] |= {
        "schedule": {"timezone": "Asia/Shanghai", "windows": [window]},
        "valid_from": "2026-01-01T00:00:00+08:00",
        "valid_until": "2027-01-01T00:00:00+08:00",
        "source": "拱政〔2026〕3 号",
        "owner": "城管中队",
    }
    zones = parse_zones(json.dumps(feature), path="")
    path = tmp_path / "a.geojson"
    path.write_text(dump_zones(zones))
    assert load(path).zones == zones


def test_properties_that_make_no_zone_are_refused_by_name(tmp_path: Path) -> None:
    """An unknown kind, an id given twice, a schedule that is none: the feature is named, the others come in."""
    path = write(
        tmp_path / "a.gpkg",
        [BLOCK] * 5,
        zone_id=["a", "b", "a", "d", "e"],
        name=["a", "b", "c", "d", ""],
        kind=["road", "moon", "road", "road", "road"],
        schedule=["", "", "", "always", ""],
    )
    done = load(path)
    assert [zone.zone_id for zone in done.zones] == ["a"]
    words = ("unknown kind 'moon'", "is also the id", "schedule: ", "name: is missing")
    assert [note[::2] for note in notes(done)] == [(number, True) for number in (2, 3, 4, 5)]
    assert all(word in note[3] for note, word in zip(notes(done), words, strict=True))


@pytest.mark.parametrize(
    ("name", "content", "columns", "said"),
    [
        ("no.shp", None, {}, "cannot be read"),
        ("a.shp", b"junk", {}, "cannot be read"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', {}, "cannot be read"),
        ("a.geojson", collection().encode(), {"kind": "类型"}, "there is no column 类型"),
    ],
)
def test_a_file_that_is_unusable_is_named(
    tmp_path: Path, name: str, content: bytes | None, columns: dict[str, str], said: str
) -> None:
    """Missing, damaged, or without the column that was named: one error that says which file."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=said):
        load(tmp_path / name, columns=columns)


def test_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the optional readers there is one line that says how to get them."""
    monkeypatch.setitem(sys.modules, "pyogrio", None)
    with pytest.raises(BadInput, match=r"pyogrio is not installed. Run: pip install 'offsite-enforcement\[gis\]'"):
        load(tmp_path / "a.shp")


def run(*arguments: object) -> int:
    """The command line, as a process would see it."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_command_writes_reports_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Good zones are written; repairs and refusals are on the screen and in the exit code; --out must be new."""
    path = write(tmp_path / "a.geojson", [BLOCK, BOW_TIE], name=["台州路", "小河街"], 类型=["道路", "道路"])
    out = tmp_path / "zones.geojson"
    form = ("--kind-from", "类型", "--kind", "道路=road")
    assert run("zones", "import", path, "--out", out, *form) == 0
    said = capsys.readouterr().out
    assert "repaired" in said
    assert "2 zones of 2 features, 0 refused" in said
    assert [zone.kind for zone in parse_zones(out.read_text(), path="")] == [ZoneKind.ROAD] * 2
    assert run("zones", "import", path, "--out", out, *form) == 2
    assert "--out: exists" in capsys.readouterr().err
    assert run("zones", "import", path, "--out", tmp_path / "b.geojson") == 2
    assert "kind: is missing" in capsys.readouterr().out
    assert run("zones", "check", out) == 0
    assert isinstance(parse_zones(out.read_text(), path="")[0], Zone)
