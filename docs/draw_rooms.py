"""Draw which room of skdnn imports which, from the code as it stands.

    python docs/draw_rooms.py            write docs/images/rooms.svg
    python docs/draw_rooms.py --check    fail if that is not the code's of today

A room is a module or a package in ``skdnn/``. The floors are the layers that import-linter
checks (``pyproject.toml``). The arrows are read from the sources: every import that runs,
wherever in a file it stands, but none that is for type checkers alone. Arrows to the same room
run together into one line.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterator
from math import fsum
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "images" / "rooms.svg"

Room = str
Imports = dict[Room, set[Room]]
# A room on its floor, or the place where a line to that room passes another floor.
Place = tuple[Room, int]

BOX, GAP, LINE, FLOOR, HALF = 118, 18, 14, 84, 15  # in pixels; HALF of a box's height
INK, PAPER = "#222222", "#ffffff"
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#B8860B", "#666666"]
COLOURS += ["#7A3E9D", "#8C564B", "#2F4B7C", "#E377C2"]


def floors() -> list[list[Room]]:
    """Read the layers of the first contract, highest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[room.strip() for room in layer.split("|")] for layer in layers]


def imports() -> Imports:
    """Read from every module which other rooms it imports when it runs."""
    package = ROOT / "skdnn"
    found: Imports = {}
    for path in sorted(package.rglob("*.py")):
        room = path.relative_to(package).with_suffix("").parts[0]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in imported(tree):
            top, _, rest = name.partition(".")
            other = rest.partition(".")[0]
            if top == "skdnn" and other not in ("", room, "__version__"):
                found.setdefault(room, set()).add(other)
    found.pop("__init__", None)  # it hands public names on, and imports none before
    return found


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the full name of each import below a node."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        yield from imported(child)


def lines(rooms: list[list[Room]], found: Imports) -> dict[Place, set[Place]]:
    """Lead each import down, floor by floor, by the places that all lines to a room share."""
    floor_of = {room: floor for floor, row in enumerate(rooms) for room in row}
    below: dict[Place, set[Place]] = {(room, floor): set() for room, floor in floor_of.items()}
    for room, others in sorted(found.items()):
        for other in sorted(others):
            start, end = floor_of[room], floor_of[other]
            if start >= end:
                raise SystemExit(f"skdnn.{room} imports skdnn.{other}, which is not below it")
            below[room, start].add((other, start + 1))
            for floor in range(start + 1, end):
                below.setdefault((other, floor), set()).add((other, floor + 1))
    return below


def ordered(rooms: list[list[Room]], below: dict[Place, set[Place]]) -> list[list[Place]]:
    """Put each floor into an order in which few lines cross."""
    above: dict[Place, set[Place]] = {}
    for upper, lowers in below.items():
        for lower in lowers:
            above.setdefault(lower, set()).add(upper)
    rows: list[list[Place]] = [[] for _ in rooms]
    for place in sorted(below):
        rows[place[1]].append(place)
    best, fewest = rows, crossings(rows, below)
    for _ in range(12):
        for neighbours, sweep in ((above, rows), (below, rows[::-1])):
            rank = {place: i / len(row) for row in rows for i, place in enumerate(row)}
            for row in sweep:
                middle = {
                    place: fsum(near) / len(near)
                    if (near := [rank[each] for each in neighbours.get(place, ())])
                    else rank[place]
                    for place in row
                }
                row.sort(key=lambda place: (middle[place], place))
                rank.update({place: i / len(row) for i, place in enumerate(row)})
            now = crossings(rows, below)
            if now < fewest:
                best, fewest = [list(row) for row in rows], now
    return best


def crossings(rows: list[list[Place]], below: dict[Place, set[Place]]) -> int:
    """Count pairs of lines that cross."""
    rank = {place: i for row in rows for i, place in enumerate(row)}
    total = 0
    for row in rows:
        ends = [(rank[a], rank[b]) for a in row for b in below[a]]
        total += sum(
            (a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i]
        )
    return total


def across(
    rows: list[list[Place]], below: dict[Place, set[Place]], rooms: list[list[Room]]
) -> dict[Place, float]:
    """Choose where each place stands from left to right: near what it is joined to."""
    own = {(room, floor) for floor, row in enumerate(rooms) for room in row}
    width = {place: BOX if place in own else LINE for row in rows for place in row}
    joined: dict[Place, list[Place]] = {place: [] for place in width}
    for upper, lowers in below.items():
        for lower in sorted(lowers):
            # A line that runs on counts more, so that it runs straight.
            weight = 12 if upper not in own and lower not in own else 1
            joined[upper] += [lower] * weight
            joined[lower] += [upper] * weight
    x: dict[Place, float] = {}
    for row in rows:
        left = 0.0
        for place in row:
            x[place] = left + width[place] / 2
            left += width[place] + GAP
    for turn in range(400):
        for row in rows if turn % 2 else rows[::-1]:
            wished = [
                fsum(x[each] for each in joined[place]) / len(joined[place])
                if joined[place]
                else x[place]
                for place in row
            ]
            x.update(zip(row, kept_apart(wished, [width[place] for place in row]), strict=True))
    least = min(x[place] - width[place] / 2 for place in x)
    return {place: round(x[place] - least + GAP, 1) for place in x}


def kept_apart(wished: list[float], widths: list[float]) -> list[float]:
    """Move positions as little as keeps them in order, with a gap between them."""
    offsets, left = [], 0.0
    for width in widths:
        offsets.append(left + width / 2)
        left += width + GAP
    blocks: list[tuple[float, int]] = []  # mean and number, which may not fall
    for wish, offset in zip(wished, offsets, strict=True):
        mean, number = wish - offset, 1
        while blocks and blocks[-1][0] > mean:
            other, more = blocks.pop()
            mean = (mean * number + other * more) / (number + more)
            number += more
        blocks.append((mean, number))
    shifts = [mean for mean, number in blocks for _ in range(number)]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def drawn() -> str:
    """Return the picture as SVG."""
    rooms = floors()
    below = lines(rooms, imports())
    x = across(ordered(rooms, below), below, rooms)
    own = {(room, floor) for floor, row in enumerate(rooms) for room in row}
    targets = [room for row in rooms for room in row]
    colour = {room: COLOURS[i % len(COLOURS)] for i, room in enumerate(targets)}
    width = round(max(x[place] for place in own) + BOX / 2 + GAP)
    height = FLOOR * len(rooms)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="14">',
        "<title>The rooms of skdnn and their imports, drawn by docs/draw_rooms.py</title>",
        f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
    ]
    parts += [
        f'<rect y="{floor * FLOOR}" width="{width}" height="{FLOOR}" fill="#f4f4f4"/>'
        for floor in range(0, len(rooms), 2)
    ]
    parts += [
        line(x, upper, lower, own, colour[lower[0]])
        for upper in sorted(below)
        for lower in sorted(below[upper])
    ]
    parts += [box(x[room, floor], floor, room, colour[room]) for room, floor in sorted(own)]
    return "\n".join([*parts, "</svg>", ""])


def line(
    x: dict[Place, float], upper: Place, lower: Place, own: set[Place], colour: str
) -> str:
    """Draw a line from a place to one on the floor below, with an arrowhead at a room."""
    start, end = x[upper], x[lower]
    middle, under = (FLOOR * (place[1] + 0.5) for place in (upper, lower))
    # Past a floor a line runs straight down, as far as its boxes reach: it meets none of them.
    top, bottom = middle + HALF, under - HALF - (7 if lower in own else 0)
    bend = (top + bottom) / 2
    path = f"M{start} {top:g}C{start} {bend:g} {end} {bend:g} {end} {bottom:g}"
    if lower not in own:
        path += f"V{under + HALF:g}"
    curve = f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
    if lower not in own:
        return curve
    head = f"M{end} {bottom + 7:g}l-5 -9h10z"
    return f'{curve}<path d="{head}" fill="{colour}"/>'


def box(x: float, floor: int, room: Room, colour: str) -> str:
    """Draw a room."""
    y = FLOOR * (floor + 0.5)
    return (
        f'<rect x="{x - BOX / 2:g}" y="{y - HALF:g}" width="{BOX}" height="{2 * HALF}" rx="6" '
        f'fill="{PAPER}" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{x:g}" y="{y + 5:g}" text-anchor="middle" fill="{INK}">{room}</text>'
    )


def main() -> int:
    """Write the picture, or check the one that is there."""
    parser = argparse.ArgumentParser(description="Draw which room of skdnn imports which.")
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    if not parser.parse_args().check:
        PICTURE.write_text(drawn(), encoding="utf-8")
    elif PICTURE.read_text(encoding="utf-8") != drawn():
        print("docs/images/rooms.svg is old: python docs/draw_rooms.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
