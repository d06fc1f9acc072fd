"""NetX files: h5py and Loihi's integer rules in NumPy. lava and lava-dl, which run such files, are not on PyPI."""

import h5py
import numpy as np
from common import folder, judge


def text(dataset):
    value = np.ravel(dataset[()])[0]
    return value.decode().strip("\0") if isinstance(value, bytes) else str(value)


def layers(path):
    """What lava-dl's reader takes from the file: integers, or an error."""
    with h5py.File(path, "r") as file:
        groups = file["layer"]
        for i in range(len(groups)):
            group = groups[str(i)]
            kind = text(group["type"])
            assert kind in ("input", "flatten", "dense", "dense_rec"), f"layer {i} is of type {kind}"
            if kind in ("input", "flatten"):
                continue
            shape = tuple(int(n) for n in group["shape"])
            weights = [group["weight"][()], *([group["weight_rec"][()]] if kind == "dense_rec" else [])]
            assert weights[0].shape == (int(group["outFeatures"][()]), int(group["inFeatures"][()]))
            assert shape == (len(weights[0]),), f"layer {i} has shape {shape}"
            for weight in weights:
                assert weight.dtype == np.float32 and np.all(weight == np.round(weight)), f"layer {i}: no integers"
                assert np.all(weight % 2 == 0) and weight.min() >= -256 and weight.max() <= 254, f"layer {i}: range"
            neuron = group["neuron"]
            assert text(neuron["type"]) in ("CUBA", "LOIHI")
            i_decay, v_decay, threshold = (int(neuron[name][()]) for name in ("iDecay", "vDecay", "vThMant"))
            bias = group["bias"][()].astype(np.int64) if "bias" in group else np.zeros(shape, np.int64)
            yield [w.astype(np.int64) for w in weights], bias, i_decay - 1, v_decay, threshold


def decayed(x, decay):
    return np.sign(x) * ((np.abs(x) * (4096 - decay)) >> 12)


def run(case, sample):
    spikes = sample["input"].astype(np.int64)
    seen = {}
    places = sorted((name[7:] for name in sample if name.startswith("spikes.")), key=lambda p: [int(n) for n in p.split(".")])
    for place, (weights, bias, du, dv, threshold) in zip(places, layers(folder / case["files"][0]), strict=True):
        u = v = z = np.zeros((spikes.shape[1], len(bias)), np.int64)
        out = []
        for now in spikes:
            arriving = now @ weights[0].T + (z @ weights[1].T if len(weights) > 1 else 0)
            u = decayed(u, du + 1) + (arriving << 6)
            u = (u + 2**23) % 2**24 - 2**23
            v = np.clip(decayed(v, dv) + u + (bias << 6), 1 - 2**23, 2**23 - 1)
            z = (v > threshold << 6).astype(np.int64)
            v = v * (1 - z)
            out.append(z)
        spikes = np.array(out)
        seen[f"spikes.{place}"] = spikes
    return {**seen, "output": spikes}


judge("netx", ["h5py", "numpy"], run)
