"""An evaluation as one HTML file that needs nothing beside it: figures, curves, and the worst mistakes as pictures."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import cv2
import numpy as np

from detectors import scoring
from detectors.detections import CLASS_NAMES
from detectors.errors import DatasetError
from detectors.evaluation import ALL, PLUME_IOU, PLUMES, look_at, read_picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from detectors.evaluation import Report, Row, Seen

WORST = 4
"""Pictures shown per class and kind of mistake."""

THUMB_PX = 360
TRUTH_BGR, FOUND_BGR = (60, 170, 40), (40, 40, 220)
HEAD = ("part", "IoU", "pictures", "objects", "AP", "AP50-95", "precision", "recall", "false", "neg. alarmed")
CHINESE = {
    "dust": "扬尘",
    "traffic_cone": "锥桶",
    "illegal_signage": "招牌广告",
    "cooking_fumes": "油烟",
}
STYLE = """body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;margin:2rem auto;max-width:1180px;padding:0 1rem}
table{border-collapse:collapse;margin:.6rem 0}td,th{white-space:nowrap;padding:.15rem .6rem;text-align:right;
border-bottom:1px solid #ddd}td:first-child,td:nth-child(2),th:first-child,th:nth-child(2){text-align:left}
figure{display:inline-block;margin:.4rem;vertical-align:top;width:360px;font-size:12px;overflow-wrap:anywhere}small{color:#555}
img{max-width:100%}h2{margin-top:2rem;border-bottom:2px solid #444}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A label nobody found or a box that matches no label; `weight` sorts the worst first."""

    seen: Seen
    box_px: NDArray[np.floating]
    weight: float
    note: str


def page_of(report: Report, seen: Sequence[Seen]) -> str:
    """The page's HTML."""
    facts = (
        f"{report.model} {report.precision} {report.weights_sha256[:12]}; {report.folder}; {report.pictures} pictures; "
        f"{report.input_px} px; IoU {report.iou_at_least:g}; thresholds "
        + ", ".join(f"{name} {score:g}" for name, score in report.thresholds.items())
    )
    body = [
        "<h1>检测器评测 · Detector evaluation</h1>",
        f"<p>{escape(facts)}</p>",
        "<p><small>方括号内为按图片自助抽样的95%区间。In brackets: 95 % bootstrap interval over pictures.</small></p>",
        *_figures(report),
        *_curves(report, seen),
        *_alarms(report),
        *_mistakes(report, seen),
        *_listing(
            "近似重复 · Near-duplicates of training pictures",
            [f"{t.file} ~ {t.train_file} ({t.bits} bits)" for t in report.twins],
            none="none found" if report.twins_sought_in else "not looked for: no training folder was given",
        ),
        *_listing("未能使用的图片 · Pictures that could not be used", report.faults, none="none"),
    ]
    head = (
        f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>Detector evaluation</title><style>{STYLE}</style>'
    )
    return head + "\n".join(body) + "</html>\n"


def _figures(report: Report) -> list[str]:
    made = ["<h2>各类指标 · Figures</h2>"]
    for name in CLASS_NAMES:
        made.append(f"<h3>{CHINESE[name]} · {name}</h3>")
        rows = [cells_of(row) for row in report.rows if row.class_name == name]
        made.append(_table(HEAD, rows))
    return made


def cells_of(row: Row, *, intervals: bool = True) -> tuple[str, ...]:
    """A row under `HEAD`."""
    figures = row.figures

    def share(name: str) -> str:
        value, ends = getattr(figures, name), row.interval.get(name) if intervals else None
        return "-" if value is None else f"{value:.3f}" + (f" [{ends[0]:.2f}, {ends[1]:.2f}]" if ends else "")

    shares = (share("average_precision"), "-" if row.ap50_95 is None else f"{row.ap50_95:.3f}")
    counts = (f"{row.iou_at_least:g}", str(figures.pictures), str(figures.objects))
    alarmed = f"{figures.negative_pictures_alarmed}/{figures.negative_pictures}"
    return (row.part, *counts, *shares, share("precision"), share("recall"), str(figures.false_alarms), alarmed)


def _curves(report: Report, seen: Sequence[Seen]) -> list[str]:
    made = ["<h2>精确率-召回率曲线 · Precision over recall</h2>"]
    for class_id, name in enumerate(CLASS_NAMES):
        looks = [look_at(class_id, each) for each in seen if class_id in each.picture.verified]
        iou = PLUME_IOU if class_id in PLUMES else report.iou_at_least
        drawn = scoring.curve(scoring.rank(looks, iou_at_least=iou))
        row = next(r for r in report.rows if (r.class_name, r.part, r.iou_at_least) == (name, ALL, iou))
        caption = f"{CHINESE[name]} · {name}, IoU {iou:g}, n = {row.figures.objects}"
        point = (row.figures.recall, row.figures.precision)
        made.append(f"<figure>{curve_svg(drawn, point)}<br>{caption}</figure>")
    return made


def curve_svg(precision: NDArray[np.float64], point: tuple[float | None, float | None]) -> str:
    """Precision at the 101 recall levels, with the shipped threshold's point; grid lines every fifth."""
    line = " ".join(f"{r:.2f},{1 - p:.3f}" for r, p in zip(scoring.RECALL_POINTS, precision, strict=True))
    grid = "".join(f"M0 {n / 5}H1M{n / 5} 0V1" for n in range(6))
    recall, height = point
    dot = "" if recall is None or height is None else f'<circle cx="{recall:.3f}" cy="{1 - height:.3f}" r=".02"/>'
    return (
        f'<svg viewBox="-.05 -.05 1.1 1.1" width="{THUMB_PX}" fill="none" stroke-width=".006"><path d="{grid}" '
        f'stroke="#ddd"/><polyline points="{line}" stroke="#146"/><g fill="#d22">{dot}</g></svg>'
    )


def _alarms(report: Report) -> list[str]:
    alarms = report.alarms
    ends = alarms.alarmed_share_interval
    said = "no negatives"
    if alarms.pictures and ends and alarms.alarms_per_picture is not None:
        said = (
            f"{alarms.alarmed} of {alarms.pictures} negatives alarmed ({alarms.alarmed / alarms.pictures:.1%} "
            f"[{ends[0]:.1%}, {ends[1]:.1%}]), {alarms.alarms_per_picture:.3f} alarms a picture; "
            f"{alarms.alarmed_even_unlooked} with any box, counting classes nobody looked for"
        )
    by_class = [(name, "", f"{hit}/{of}") for name, (hit, of) in alarms.alarmed_by_class.items()]
    calls = [
        (
            c.class_name,
            c.part,
            *map(str, (c.labelled, c.called_dust, c.called_fumes, c.labelled - c.called_dust - c.called_fumes)),
        )
        for c in report.plume_calls
    ]
    return [
        f"<h2>误报 · False alarms</h2><p>{said}</p>",
        _table(("class", "", "pictures alarmed"), by_class),
        f"<h2>扬尘与油烟的混淆 · Dust and fumes taken for each other (IoU {PLUME_IOU:g})</h2>",
        _table(("labelled as", "part", "n", "called dust", "called fumes", "missed"), calls),
    ]


def _mistakes(report: Report, seen: Sequence[Seen]) -> list[str]:
    made = ["<h2>最差的漏检与误报 · Worst misses and worst false alarms</h2>"]
    made.append("<p><small>绿：标注；红：检测。Green: labelled. Red: found at the shipped threshold.</small></p>")
    for class_id, name in enumerate(CLASS_NAMES):
        iou = PLUME_IOU if class_id in PLUMES else report.iou_at_least
        missed, false = mistakes_of(class_id, seen, threshold=report.thresholds[name], iou_at_least=iou)
        for title, chosen in (("漏检 · missed", missed), ("误报 · false alarm", false)):
            made.append(f"<h3>{CHINESE[name]} · {name}: {title} ({len(chosen)})</h3>")
            worst = sorted(chosen, key=lambda mistake: -mistake.weight)[:WORST]
            made += [_shown(each, class_id, report.thresholds[name]) for each in worst]
    return made


def mistakes_of(
    class_id: int, seen: Iterable[Seen], *, threshold: float, iou_at_least: float
) -> tuple[list[Mistake], list[Mistake]]:
    """Labels missed at the threshold (the largest are the worst) and boxes that match nothing (the surest are)."""
    missed, false = [], []
    for each in seen:
        if class_id not in each.picture.verified:
            continue
        look = look_at(class_id, each)
        sure = look.score >= threshold
        shown = scoring.Look(
            source="", found_xyxy=look.found_xyxy[sure], score=look.score[sure], truth_xyxy=look.truth_xyxy
        )
        claimed = scoring.match(shown, iou_at_least=iou_at_least)
        for label in sorted(set(range(len(look.truth_xyxy))) - set(claimed.tolist())):
            box = look.truth_xyxy[label]
            area = float((box[2] - box[0]) * (box[3] - box[1]))
            missed.append(Mistake(seen=each, box_px=box, weight=area, note=f"{area**0.5:.0f} px"))
        for row in np.flatnonzero(claimed < 0):
            score = float(shown.score[row])
            false.append(Mistake(seen=each, box_px=shown.found_xyxy[row], weight=score, note=f"{score:.2f}"))
    return missed, false


def _shown(mistake: Mistake, class_id: int, threshold: float) -> str:
    try:
        image = read_picture(mistake.seen.picture)
    except DatasetError as error:
        return f"<p>{escape(str(error))}</p>"
    scale = THUMB_PX / max(image.shape[:2])
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    look = look_at(class_id, mistake.seen)
    shrink = THUMB_PX / mistake.seen.input_px
    drawn: list[tuple[tuple[int, int, int], NDArray[np.floating]]] = [
        (TRUTH_BGR, look.truth_xyxy),
        (FOUND_BGR, look.found_xyxy[look.score >= threshold]),
    ]
    for colour, xyxy in drawn:
        for box in xyxy * shrink:
            _outline(small, box, colour, 1)
    of_the_label = any(np.array_equal(mistake.box_px, box) for box in look.truth_xyxy)
    _outline(small, mistake.box_px * shrink, TRUTH_BGR if of_the_label else FOUND_BGR, 3)
    return _figure(small, f"{mistake.seen.picture.path.name}: {mistake.note}")


def _figure(image: NDArray[np.uint8], caption: str) -> str:
    text = base64.b64encode(cv2.imencode(".jpg", image)[1].tobytes()).decode()
    return f'<figure><img alt="" src="data:image/jpeg;base64,{text}"><br>{escape(caption)}</figure>'


def _outline(image: NDArray[np.uint8], box: NDArray[np.floating], colour: tuple[int, int, int], thickness: int) -> None:
    left, top, right, bottom = (round(float(v)) for v in box)
    cv2.rectangle(image, (left, top), (right, bottom), colour, thickness)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _listing(title: str, entries: Sequence[str], *, none: str) -> list[str]:
    inside = "".join(f"<li>{escape(entry)}</li>" for entry in entries)
    return [f"<h2>{title} ({len(entries)})</h2>", f"<ul>{inside}</ul>" if entries else f"<p>{none}</p>"]
