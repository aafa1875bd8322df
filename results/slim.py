#!/usr/bin/python3
"""Makes records small enough that hundreds of them can be kept: without the weights' histograms.

usage: results/slim.py RECORD …

Everything else stays as it is. A record takes a quarter of the room then, compressed. Needs
python3-h5py.
"""

import os
import sys

import h5py

LEFT_OUT = {"latent_histogram"}


def copy(source, target):
    """The groups, datasets and attributes of one group."""
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            copy(item, target.create_group(name))
        elif name not in LEFT_OUT:
            target.create_dataset(name, data=item[()]).attrs.update(item.attrs)


for path in sys.argv[1:]:
    small = path + ".small"
    with h5py.File(path) as record, h5py.File(small, "w", libver="latest") as slim:
        copy(record, slim)
    os.replace(small, path)
