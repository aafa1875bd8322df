#!/usr/bin/python3
"""Writes README's table of results and its picture from the committed records.

usage: results/front_page.py [--check] [--readme FILE]

--check writes nothing, and leaves with 1 when the table or the picture is not what the records
give. It needs build/laq (or $LAQ), python3-scipy and, to draw, gnuplot.
"""

import argparse
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

import scipy.stats

ROOT = pathlib.Path(__file__).resolve().parent.parent
SWEEP, TEST_PICTURES = "mnist", 10_000
PICTURE = ROOT / "docs/error_by_size.svg"
BEGIN, END = "<!-- table: results/front_page.py -->\n", "<!-- end of table -->\n"

LOSS_AWARE = {"lab", "late", "lata", "lat2e", "lat2a"}


def rows():
    """The methods that were run, with mean error, its 95 % interval, bits and size."""
    program = os.environ.get("LAQ", ROOT / "build/laq")
    records = f"results/{SWEEP}/records"
    command = [program, "table", SWEEP, "--runs", records, "--format", "json"]
    table = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    for row in table["rows"]:
        cell = row["cells"][0]
        if cell["n"] == 0:
            continue
        paper = cell.get("paper")
        yield {
            "title": row["title"],
            "aware": row["method"] in LOSS_AWARE or row["method"].startswith("laq"),
            "bits": cell["bits"],
            "mib": cell["bytes"] / 2**20,
            "runs": cell["n"],
            "error": cell["mean"],
            "interval": interval([run["value"] for run in cell["runs"]]),
            "paper": paper["text"] + ("" if paper["checked"] else "†") if paper else "–",
        }


def interval(errors):
    """95 % interval in percent: over seeds (Student t), of one run over test pictures (Wilson)."""
    if len(errors) == 1:
        wrong = round(errors[0] / 100 * TEST_PICTURES)
        of = scipy.stats.binomtest(wrong, TEST_PICTURES).proportion_ci(0.95, "wilson")
        return 100 * of.low, 100 * of.high
    mean = sum(errors) / len(errors)
    half = scipy.stats.sem(errors) * scipy.stats.t.ppf(0.975, len(errors) - 1)
    return mean - half, mean + half


def table_of(methods):
    """The table in Markdown."""
    lines = [
        "| method | bits | MiB | test error, % | 95 % interval | seeds | printed |",
        "| :--- | ---: | ---: | ---: | :---: | ---: | ---: |",
    ]
    for one in methods:
        low, high = one["interval"]
        name = f"**{one['title']}**" if one["aware"] else one["title"]
        lines.append(
            f"| {name} | {one['bits']} | {one['mib']:.1f} | {one['error']:.2f} "
            f"| {low:.2f} – {high:.2f} | {one['runs']} | {one['paper']} |"
        )
    return "\n".join(lines) + "\n"


def by_size(methods):
    """Methods by bits, each with its place in the picture: side by side, a gap between sizes."""
    place, groups = 0, {}
    for one in sorted(methods, key=lambda one: one["bits"]):
        place += 1 if one["bits"] in groups else 3 if one["bits"] == 32 else 2
        groups.setdefault(one["bits"], []).append((place, one))
    return groups


def points_of(methods):
    """The picture's points: look, place, error, interval."""
    text = ""
    for bits, group in by_size(methods).items():
        for place, one in group:
            look = 0 if bits == 32 else 1 if one["aware"] else 2
            low, high = one["interval"]
            text += f"{look}\t{place}\t{one['error']:.4f}\t{low:.4f}\t{high:.4f}\n"
    return text


def labels_of(methods, full):
    """What is written below each group."""
    text, last = "", 0
    for bits, group in by_size(methods).items():
        last = group[-1][0]
        one, middle = group[0][1], (group[0][0] + last) / 2
        smaller = "full precision" if bits == 32 else f"{full['mib'] / one['mib']:.0f}× smaller"
        words = (f"{bits} bit" + "s" * (bits > 1), f"{one['mib']:.1f} MiB", smaller)
        for row, word in enumerate(words):
            text += f"set label '{word}' at {middle}, graph {-0.06 - 0.08 * row} center\n"
    return text + f"set xrange [1:{last + 1.8}]\n"


def draw(methods):
    """The picture as SVG, with its points in a comment."""
    full = next(one for one in methods if one["bits"] == 32)
    points = points_of(methods)
    low, high = full["interval"]
    script = f"""
set encoding utf8
set terminal svg noenhanced size 760, 440 dynamic background '#ffffff' font 'DejaVu Sans,19'
set datafile separator tab
set border 2 lc rgb '#404040'
set tics nomirror out scale 0.5
set yrange [0.75:1.7]
set ytics 0.8, 0.2, 1.6 format '%.1f %%'
unset xtics
set grid ytics lc rgb '#dcdcdc' lw 1
set lmargin 9
set rmargin 1
set bmargin 4.1
set tmargin 2.6
set pointsize 0.9
AWARE = 0x0072b2
OTHER = 0xd55e00
set label 'MNIST test error' at graph 0, graph 1.07 left
set label 'loss-aware' at graph 0.47, graph 1.07 left point pt 7 lc rgb AWARE offset 1, -0.28
set label 'other methods' at graph 0.72, graph 1.07 left point pt 4 lw 1.8 lc rgb OTHER offset 1, -0.28
{labels_of(methods, full)}
set object rect from graph 0, first {low} to graph 1, first {high} behind \\
  fc rgb '#eeeeee' fs solid noborder
$points << END
{points}END
plot for [look=0:2] $points using ($1 == look ? $2 : NaN):3:4:5 with yerrorbars notitle \\
       pt (look == 2 ? 4 : 7) lw 1.8 lc rgb (look == 0 ? 0 : look == 1 ? AWARE : OTHER)
"""
    drawn = subprocess.run(["gnuplot"], input=script, text=True, check=True, capture_output=True)
    svg = drawn.stdout.replace('"DejaVu Sans"', '"DejaVu Sans, Verdana, sans-serif"')
    svg = re.sub("<title>.*?</title>", "<title>Test error by size of the weights</title>", svg, 1)
    return svg.rstrip() + f"\n<!-- points\n{points}-->\n"


def differences(readme, present, methods):
    """What a page and the picture have that the records do not give."""
    pairs = itertools.zip_longest(present.splitlines(), table_of(methods).splitlines())
    wrong = [f"{readme}: found '{a}', expected '{b}'" for a, b in pairs if a != b]
    if f"<!-- points\n{points_of(methods)}-->" not in PICTURE.read_text(encoding="utf-8"):
        wrong.append(f"{PICTURE}: its points are of other records")
    return wrong


def main():
    """Writes or compares."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--check", action="store_true")
    words.add_argument("--readme", type=pathlib.Path, default=ROOT / "README.md")
    asked = words.parse_args()
    methods = list(rows())
    before, begin, rest = asked.readme.read_text(encoding="utf-8").partition(BEGIN)
    present, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{asked.readme}: has no place for the table: {BEGIN.strip()} … {END.strip()}")
    if asked.check:
        wrong = differences(asked.readme, present, methods)
        if wrong:
            wrong.append("run results/front_page.py, and read what README says of the records")
            sys.exit("\n".join(wrong))
        return
    asked.readme.write_text(before + begin + table_of(methods) + end + after, encoding="utf-8")
    PICTURE.write_text(draw(methods), encoding="utf-8")


main()
