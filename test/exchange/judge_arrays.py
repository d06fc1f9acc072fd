"""safetensors and NumPy: the same numbers under the same names."""

import json

import numpy as np
import safetensors
import safetensors.numpy
from common import Theirs, folder, judge, spike_sample


def same(found, case):
    expected = np.load(folder / case["expected"])
    assert set(found) == set(expected), f"names differ: {sorted(set(found) ^ set(expected))}"
    for name, value in found.items():
        assert value.dtype == expected[name].dtype, f"{name} is {value.dtype}"
        assert value.shape == expected[name].shape, f"{name} is {value.shape}"
        assert value.tobytes() == expected[name].tobytes(), f"{name} has other numbers"
    return {"tensors": len(found)}


judge("safetensors", ["safetensors"], lambda case, _: same(safetensors.numpy.load_file(folder / case["files"][0]), case))
judge("numpy", ["numpy"], lambda case, _: same(dict(np.load(folder / case["files"][0])), case))
