"""Zones: a million points in 10,000 beside a spatial join and a plain loop, ellipses a second, loading 100,000."""

from __future__ import annotations

import argparse
import platform
import sys
import time
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import geopandas
import numpy as np
import shapely

from geofences.ellipse import ErrorEllipse
from geofences.geojson import dump_zones, parse_zones
from geofences.position import Geodetic
from geofences.verdict import judge_containment
from geofences.zone import Zone, ZoneKind
from geofences.zone_index import ZoneIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from geofences.zone import Outline

SOUTH_DEG, WEST_DEG, BLOCK_DEG = 30.25, 120.05, 0.0011  # blocks of about 110 m about Gongshu, Hangzhou


def block(rng: np.random.Generator, column: int, row: int) -> Outline:
    """A street block: bays along its sides make it concave; one in ten is two halves, one in ten has a yard."""
    sides = [np.linspace((0, 0), (1, 0), 7), np.linspace((1, 0), (1, 1), 7), np.linspace((1, 1), (0, 1), 7)]
    ring = np.concatenate([*(side[:-1] for side in sides), np.linspace((0, 1), (0, 0), 7)[:-1]])
    ring = 0.5 + (ring - 0.5) * rng.uniform(0.7, 0.98, (len(ring), 1)) + rng.uniform(-0.01, 0.01, ring.shape)
    outline: Outline = shapely.Polygon(ring)
    extra = rng.random()
    if extra < 0.1:
        outline = outline.difference(shapely.box(0.45, -0.1, 0.55, 1.1))
    elif extra < 0.2:
        outline = outline.difference(shapely.box(0.35, 0.35, 0.6, 0.6))
    low = np.array([WEST_DEG + column * BLOCK_DEG, SOUTH_DEG + row * BLOCK_DEG])
    return shapely.transform(outline, lambda corners: low + corners * BLOCK_DEG)


def district(count: int, seed: int) -> list[Zone]:
    """That many blocks, side by side in a square."""
    rng, across = np.random.default_rng(seed), int(np.ceil(np.sqrt(count)))
    return [
        Zone(zone_id=f"b{n}", name=f"街区 {n}", kind=ZoneKind.ROAD, outline=block(rng, n % across, n // across))
        for n in range(count)
    ]


def points_over(zones: list[Zone], count: int, seed: int) -> np.ndarray:
    """(n, 2) lat, lon spread over the extent of the zones."""
    west, south, east, north = shapely.total_bounds([zone.outline for zone in zones])
    return np.random.default_rng(seed).uniform((south, west), (north, east), (count, 2))


def seconds(work: Callable[[], object]) -> float:
    """Processor time of one call, so that other jobs on the machine count little; everything here is one thread."""
    start_s = time.process_time()
    work()
    return time.process_time() - start_s


def said(name: str, times_s: list[float], count: int) -> None:
    """One line: median, spread and rate."""
    low, median, high = np.percentile(times_s, (10, 50, 90))
    print(f"{name}: {median:.3f} s ({low:.3f} to {high:.3f}), {count / median:,.0f} a second")


def compare_joins(zones: list[Zone], places: np.ndarray, repeats: int, sample: int) -> None:
    """Ours, geopandas and the loop in turn, `repeats` times; the loop on a sample, scaled up."""
    outlines = [zone.outline for zone in zones]
    frame = geopandas.GeoDataFrame({"zone": range(len(zones))}, geometry=outlines, crs=4326)

    def ours() -> tuple[np.ndarray, np.ndarray]:
        return ZoneIndex(zones).zones_at(places)

    index = ZoneIndex(zones)
    index.zones_at(places[:1])

    def join() -> geopandas.GeoDataFrame:
        made = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(places[:, 1], places[:, 0]), crs=4326)
        return geopandas.sjoin(made, frame, predicate="intersects")

    made = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(places[:, 1], places[:, 0]), crs=4326)

    def loop() -> list[tuple[int, int]]:
        dots = shapely.points(places[:sample, 1], places[:sample, 0])
        return [(p, z) for p, dot in enumerate(dots) for z, outline in enumerate(outlines) if outline.intersects(dot)]

    found = {tuple(pair) for pair in np.stack(ours(), axis=1).tolist()}
    joined = join()
    same = found == set(zip(joined.index.tolist(), joined["zone"].tolist(), strict=True))
    looped = set(loop()) == {pair for pair in found if pair[0] < sample}
    print(f"{len(found):,} pairs; the same as the join: {same}; as the loop on its sample: {looped}")
    shapely.destroy_prepared(np.array(outlines, dtype=object))
    rows = {"ours, index built": [], "ours, index kept": [], "join, points made": [], "join, points at hand": []}
    works = (ours, lambda: index.zones_at(places), join, lambda: geopandas.sjoin(made, frame, predicate="intersects"))
    loops = []
    for _ in range(repeats):
        for times, work in zip(rows.values(), works, strict=True):
            times.append(seconds(work))
        loops.append(seconds(loop) * len(places) / sample)
    for name, times in rows.items():
        said(name, times, len(places))
    said(f"plain loop over every zone, from {sample} points", loops, len(places))
    for mine, peer in (("ours, index built", "join, points made"), ("ours, index kept", "join, points at hand")):
        ratios = np.percentile(np.array(rows[peer]) / rows[mine], (10, 50, 90))
        print(f"{peer} / {mine}: {ratios[1]:.2f}x ({ratios[0]:.2f} to {ratios[2]:.2f})")
    print(f"loop / ours, index built: {np.median(np.array(loops) / rows['ours, index built']):,.0f}x")


def ask_ellipses(zones: list[Zone], places: np.ndarray, repeats: int) -> None:
    """One ellipse after the other: the zones it reaches and the verdict on each."""
    index, rng = ZoneIndex(zones), np.random.default_rng(9)
    asked = [
        (Geodetic(lat_deg=lat, lon_deg=lon), ErrorEllipse(semi_major_m=major, semi_minor_m=major / 2, bearing_deg=turn))
        for (lat, lon), major, turn in zip(
            places.tolist(),
            rng.uniform(0.5, 8, len(places)).tolist(),
            rng.uniform(0, 180, len(places)).tolist(),
            strict=True,
        )
    ]

    def work() -> None:
        for position, ellipse in asked:
            for zone in index.zones_touching(ellipse.outline_at(position)):
                judge_containment(position, ellipse, zone.outline)

    work()
    said(f"ellipses among {len(zones):,} zones, each judged", [seconds(work) for _ in range(repeats)], len(asked))


def load(count: int, repeats: int) -> None:
    """GeoJSON text to zones, and the index's first answer."""
    zones = district(count, 3)
    text = dump_zones(zones)
    print(f"{count:,} zones are {len(text) / 1e6:.0f} MB of GeoJSON")
    said("load", [seconds(lambda: parse_zones(text, path="zones.geojson")) for _ in range(repeats)], count)
    place = Geodetic(lat_deg=SOUTH_DEG + 0.05, lon_deg=WEST_DEG + 0.05)
    said(
        "index, first answer", [seconds(lambda: ZoneIndex(zones).zones_near(place, 50)) for _ in range(repeats)], count
    )


def main() -> None:
    """Run all and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=1_000_000)
    options.add_argument("--zones", type=int, default=10_000)
    options.add_argument("--load", type=int, default=100_000)
    options.add_argument("--sample", type=int, default=200, help="points of the plain loop")
    options.add_argument("--repeats", type=int, default=7)
    chosen = options.parse_args()
    print(f"{platform.processor() or platform.machine()}, {time.strftime('%Y-%m-%d')}")
    print("processor seconds, median (10th to 90th percentile)")
    zones = district(chosen.zones, 1)
    compare_joins(zones, points_over(zones, chosen.points, 2), chosen.repeats, chosen.sample)
    ask_ellipses(zones, points_over(zones, 5000, 4), chosen.repeats)
    load(chosen.load, 3)


if __name__ == "__main__":
    main()
