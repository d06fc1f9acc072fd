"""ONNX: the checker of the package, then onnxruntime."""

import numpy as np
import onnx
import onnxruntime
from common import folder, judge

KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}


def run(case, sample):
    path = str(folder / case["files"][0])
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = {i.name: i for i in session.get_inputs()}
    dtype = KINDS[given["input"].type]
    x = sample["input"].astype(dtype)
    names = [o.name for o in session.get_outputs()]
    if case["variant"] == "steps":
        return steps(session, given, names, x)
    if case["variant"] == "halves":
        return halves(session, names, x)
    seen = dict(zip(names, session.run(None, {"input": x})))
    return kept(seen)


def kept(seen):
    return {k: v for k, v in seen.items() if k == "output" or k.startswith(("spikes.", "voltage."))}


def steps(session, given, names, x):
    """The variant of one step: states go in and come out."""
    zeros = lambda i: np.zeros([d if isinstance(d, int) else x.shape[1] for d in i.shape], KINDS[i.type])
    states = {name: zeros(i) for name, i in given.items() if name != "input"}
    seen = {}
    for now in x:
        out = dict(zip(names, session.run(None, {"input": now, **states})))
        states = {n: out[f"{n}.next"] for n in states}
        for name, value in kept(out).items():
            seen.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in seen.items()}


def halves(session, names, x):
    """The sequence in two parts, the second from the states that the first left."""
    half = len(x) // 2
    first = dict(zip(names, session.run(None, {"input": x[:half]})))
    states = {n.removesuffix(".next"): v for n, v in first.items() if n.endswith(".next")}
    second = dict(zip(names, session.run(None, {"input": x[half:], **states})))
    return {name: np.concatenate([value, kept(second)[name]]) for name, value in kept(first).items()}


judge("onnxruntime", ["onnxruntime", "onnx"], run)
