#!/usr/bin/python3
"""Writes tables of README and docs, and README's picture, from the committed records.

usage: results/pages.py [--check] [--root FOLDER]

--check writes nothing, and leaves with 1 when a page or the picture is not what the records give.
It needs build/laq (or $LAQ), python3-scipy and, to draw, gnuplot. --root: where the pages are.
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
WHOLE, SMALL, TEXT, LATER, TEST_PICTURES = "mnist", "reduced", "reduced_text", "later", 10_000
BY_RATE = ("--select", "valid")
PICTURE = ROOT / "docs/error_by_size.svg"
END = "<!-- end of table -->\n"

LOSS_AWARE = {"lab", "late", "lata", "lat2e", "lat2a"}


def laq(command, sweep, *options):
    """What the program says of a sweep's committed records."""
    program = os.environ.get("LAQ", ROOT / "build/laq")
    words = [program, command, sweep, "--runs", f"results/{sweep}/records", "--format", "json"]
    words += options
    return json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout)


def table_rows(sweep):
    """The rows of a sweep's table, each with its cell for MNIST."""
    table = laq("table", sweep)
    place = [column["experiment"] for column in table["columns"]].index("mnist")
    return [(row, row["cells"][place]) for row in table["rows"]]


def rows():
    """The methods that the whole protocol was run with: bits, size, errors, 95 % intervals."""
    small = {row["method"]: cell for row, cell in table_rows(SMALL)}
    for row, cell in table_rows(WHOLE):
        if cell["n"] == 0:
            continue
        paper, other = cell.get("paper"), small[row["method"]]
        yield {
            "title": row["title"],
            "aware": row["method"] in LOSS_AWARE or row["method"].startswith("laq"),
            "bits": cell["bits"],
            "mib": cell["bytes"] / 2**20,
            "whole": cell["mean"],
            "whole_interval": interval([run["value"] for run in cell["runs"]]),
            "whole_runs": cell["n"],
            "runs": other["n"],
            "error": other["mean"],
            "interval": interval([run["value"] for run in other["runs"]]),
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
        "| method | bits | MiB | test error, % | seeds | printed | small: test error, % | seeds |",
        "| :--- | ---: | ---: | :--- | ---: | ---: | :--- | ---: |",
    ]
    for one in methods:
        whole, small = ("{:.2f} – {:.2f}".format(*one[k]) for k in ("whole_interval", "interval"))
        name = f"**{one['title']}**" if one["aware"] else one["title"]
        lines.append(
            f"| {name} | {one['bits']} | {one['mib']:.1f} | {one['whole']:.2f} ({whole}) "
            f"| {one['whole_runs']} | {one['paper']} | {one['error']:.2f} ({small}) "
            f"| {one['runs']} |"
        )
    return "\n".join(lines) + "\n"


def number(value, unit):
    """As exact as the unit is; differences with a sign that is as wide as a plus."""
    sign, decimals = "" if unit == "rounds" else "+", 3 if unit.startswith("nats") else 2
    text = f"{value:{sign}.{decimals}f}"
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def claims_of(report):
    """What was judged of each claim, in Markdown."""
    lines = [
        "| claim | compared | mean [95 % interval] | seeds | judgement |",
        "| :--- | :--- | :--- | ---: | :--- |",
    ]
    for claim, dataset in ((claim, one) for claim in report["claims"] for one in claim["datasets"]):
        judged = [
            one
            for one in claim["comparisons"]
            if one["n"] > 1 and one["experiment"] == dataset["experiment"]
        ]
        if not judged:
            continue
        so_far = ", so far" if dataset["provisional"] else ""
        lines.append(
            f"| {claim['text']}: {dataset['dataset']} | | | | **{dataset['judgement']}**{so_far} |"
        )
        for one in judged:
            values = (one["mean"], *one["interval"])
            mean, low, high = (number(x, one["unit"]) for x in values)
            what = one["statement"].replace("|", "\\|")
            lines.append(f"| | {what} | {mean} [{low}, {high}] | {one['n']} | {one['judgement']} |")
    return "\n".join(lines) + "\n"


def later_of(table):
    """The later methods, each at its best rate, in Markdown; the data sets that were run."""
    places = [
        (at, column)
        for at, column in enumerate(table["columns"])
        if any(row["cells"][at]["n"] > 0 for row in table["rows"])
    ]
    heads = ["method", "bits"]
    for _, column in places:
        unit = "test error, %" if column["metric"] == "test_error" else "nats per character"
        heads += [f"{column['title']}: {unit}", "rate", "seeds"]
    lines = ["| " + " | ".join(heads) + " |", "| :--- " + "| ---: " * (len(heads) - 1) + "|"]
    for row in table["rows"]:
        cells = [row["cells"][at] for at, _ in places]
        line = [row["title"], str(cells[0]["bits"])]
        for (_, column), cell in zip(places, cells):
            decimals = 2 if column["metric"] == "test_error" else 3
            if cell["n"] == 0:
                line += ["–", "–", "0"]
                continue
            score = f"{cell['mean']:.{decimals}f}"
            if cell["n"] > 1:
                score += f" ± {cell['sd']:.{decimals}f}"
            line += [score, cell["chosen"].rpartition("=")[2], str(cell["n"])]
        lines.append("| " + " | ".join(line) + " |")
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
        words = (f"{bits} bit" + "s" * (bits > 1), smaller)
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
set yrange [1.2:1.6]
set ytics 1.2, 0.1, 1.6 format '%.1f %%'
unset xtics
set grid ytics lc rgb '#dcdcdc' lw 1
set lmargin 9
set rmargin 1
set bmargin 3.2
set tmargin 2.6
set pointsize 0.9
AWARE = 0x0072b2
OTHER = 0xd55e00
set label 'MNIST test error, small network' at graph 0, graph 1.07 left
set label 'loss-aware' at graph 0.53, graph 1.07 left point pt 7 lc rgb AWARE offset 1, -0.28
set label 'other methods' at graph 0.75, graph 1.07 left point pt 4 lw 1.8 lc rgb OTHER offset 1, -0.28
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


def place_in(page, name):
    """A page's text before a table, the table, and what follows."""
    mark = f"<!-- {name}: results/pages.py -->\n"
    before, begin, rest = page.read_text(encoding="utf-8").partition(mark)
    present, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{page}: has no place for the table: {mark.strip()} … {END.strip()}")
    return before + begin, present, end + after


def main():
    """Writes or compares."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--check", action="store_true")
    words.add_argument("--root", type=pathlib.Path, default=ROOT)
    asked = words.parse_args()
    methods = list(rows())
    tables = [(asked.root / "README.md", "table", table_of(methods))]
    for sweep in (SMALL, TEXT):
        claims = claims_of(laq("claims", sweep)[0])
        tables.append((asked.root / "docs/reproduction.md", f"claims of {sweep}", claims))
    page, file = asked.root / "docs/later-methods.md", "configs/later_claims.yaml"
    judged = laq("claims", LATER, *BY_RATE, "--claims", file)[0]
    tables.append((page, "later methods", later_of(laq("table", LATER, *BY_RATE))))
    tables.append((page, "claims of later methods", claims_of(judged)))
    wrong = []
    for page, name, table in tables:
        before, present, after = place_in(page, name)
        pairs = itertools.zip_longest(present.splitlines(), table.splitlines())
        wrong += [f"{page}: found '{a}', expected '{b}'" for a, b in pairs if a != b]
        if not asked.check:
            page.write_text(before + table + after, encoding="utf-8")
    if not asked.check:
        PICTURE.write_text(draw(methods), encoding="utf-8")
        return
    if f"<!-- points\n{points_of(methods)}-->" not in PICTURE.read_text(encoding="utf-8"):
        wrong.append(f"{PICTURE}: its points are of other records")
    if wrong:
        wrong.append("run results/pages.py, and read what the pages say of the records")
        sys.exit("\n".join(wrong))


main()
