#!/usr/bin/python3
"""Checks with h5py that run.h5 files have the layout that is promised.

usage: h5py_record.py [--json] RUN.h5 ...

Leaves with 1 and one line per fault when a file is not as it should be. With --json it also prints
what it read: reals as hexadecimal text, so that nothing is rounded.
"""

import argparse
import json
import sys

import h5py
import numpy

TEXTS = """creator version file_time git_commit config_yaml config_hash dataset_sha256 experiment
method profile host cpu_model cpu_capability libtorch_version blas device""".split()
INTEGERS = "layout git_dirty seed threads".split()
PROCESS = "first_step git_commit git_dirty cpu_model cpu_capability threads device".split()


def plain(value):
    """A value as JSON can hold it."""
    if isinstance(value, numpy.floating):
        return float(value).hex()
    return value.item() if isinstance(value, numpy.generic) else value


class Checker:
    def __init__(self, name):
        self.name = name
        self.faults = []

    def expect(self, holds, fault):
        if not holds:
            self.faults.append(f"{self.name}: {fault}")

    def attributes(self, attributes):
        for name in TEXTS + INTEGERS:
            self.expect(name in attributes, f"no root attribute {name}")
        for name in TEXTS:
            self.expect(isinstance(attributes.get(name, ""), str), f"{name} is not text")
        for name in INTEGERS:
            value = attributes.get(name, numpy.int64(0))
            self.expect(isinstance(value, numpy.int64), f"{name} is not an integer")
        return {name: plain(value) for name, value in attributes.items()}

    def scaled(self, dataset, scale):
        attached = dataset.dims[0].values()
        self.expect(attached == [scale], f"{dataset.name} is not attached to {scale.name}")
        self.expect(dataset.dtype == numpy.float64, f"{dataset.name} is {dataset.dtype}")
        self.expect(len(dataset) == len(scale), f"{dataset.name} has {len(dataset)} rows")

    def table(self, group, index):
        scale = group[index]
        self.expect(h5py.h5ds.is_scale(scale.id), f"{scale.name} is not a dimension scale")
        self.expect(scale.dtype == numpy.int64, f"{scale.name} is {scale.dtype}")
        self.expect(bool(numpy.all(numpy.diff(scale[:]) > 0)), f"{scale.name} does not rise")
        columns = {index: [int(number) for number in scale[:]]}
        for name, dataset in group.items():
            if name != index:
                self.expect(dataset.ndim == 1, f"{dataset.name} is not 1-D")
                self.scaled(dataset, scale)
                columns[name] = [plain(value) for value in dataset[:]]
        return columns

    def layers(self, group, scale):
        shapes = {}
        for name, layer in group.items():
            for dataset in layer.values():
                self.expect(dataset.ndim == 2, f"{dataset.name} is not 2-D")
                self.scaled(dataset, scale)
            shapes[name] = {column: list(dataset.shape) for column, dataset in layer.items()}
        return shapes


def read(name):
    checker = Checker(name)
    with h5py.File(name, "r") as file:
        for group in ("epochs", "steps", "layers", "final"):
            if group not in file:
                return {}, [f"{name}: no group /{group}"]
        for process in file.get("processes", {}).values():  # the first versions' records have none
            for attribute in PROCESS:
                checker.expect(attribute in process.attrs, f"{process.name} has no {attribute}")
        content = {
            "attributes": checker.attributes(file.attrs),
            "epochs": checker.table(file["epochs"], "epoch"),
            "steps": checker.table(file["steps"], "step"),
            "layers": checker.layers(file["layers"], file["epochs/epoch"]),
            "final": {name: plain(value) for name, value in file["final"].attrs.items()},
        }
    return content, checker.faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print what was read")
    parser.add_argument("files", nargs="+", metavar="RUN.h5")
    options = parser.parse_args()
    failed = False
    for name in options.files:
        try:
            content, faults = read(name)
        except (OSError, KeyError, AttributeError) as error:
            content, faults = {}, [f"{name}: {error}"]
        for fault in faults:
            print(fault, file=sys.stderr)
        failed = failed or bool(faults)
        if options.json:
            print(json.dumps(content))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
