"""What all judges share: they read `cases.json`, run each case that is theirs, and write down what they saw."""

import contextlib
import importlib.metadata
import importlib.util
import io
import json
import pathlib
import sys
import warnings

import numpy as np

folder = pathlib.Path(sys.argv[1])


def cases(tool):
    return [case for case in json.loads((folder / "cases.json").read_text()) if case["tool"] == tool]


def judge(tool, packages, run):
    """Runs the cases of one tool.

    `run(case, sample)` gives the arrays `output` [T, B, outputs] and, by the layer's place, `spikes.0`, `voltage.0`
    [T, B, N]. What it throws is the tool's refusal.
    """
    warnings.simplefilter("ignore")
    out = folder / "out"
    for case in cases(tool):
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                seen = run(case, np.load(folder / case["sample"]))
            np.savez(out / f"{case['id']}.npz", **{name: np.asarray(x) for name, x in seen.items()})
        except Exception as error:  # whatever it is: it goes into the table
            text = " ".join(f"{type(error).__name__}: {error}".split())
            (out / f"{case['id']}.json").write_text(json.dumps({"error": text}))
    versions = {name: importlib.metadata.version(name) for name in packages}
    (out / f"versions.{tool}.json").write_text(json.dumps(versions))


def generated(case, file):
    """A module of Python that was written with the net."""
    spec = importlib.util.spec_from_file_location(f"net_{case['id'].replace('-', '_')}", folder / file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


class Theirs:
    """Nets that the tool itself wrote, with what it made of them: they are to come in and do the same."""

    def __init__(self, tool):
        self.tool = tool
        self.list = []

    def add(self, id, title, how, suffix, write, sample, spikes, output, voltage=None, options=None, after=False):
        """`write(path)` makes the file; `spikes` and `voltage` are lists in the order of the net's layers of neurons.

        `spikes` may be all that was recorded, by its name: `spikes.0`, `voltage.0`.
        `after`: voltages were recorded after the reset, whatever our net does.
        """
        at = folder / "theirs"
        name = f"{self.tool}.{id}"
        write(str(at / f"{name}{suffix}"))
        named = isinstance(spikes, dict)
        seen = spikes if named else {f"spikes.{i}": x for i, x in enumerate(spikes)}
        seen |= {f"voltage.{i}": x for i, x in enumerate(voltage or [])}
        arrays = {"input": sample, "output": output, **seen}
        np.savez(at / f"{name}.npz", **{key: np.asarray(x) for key, x in arrays.items()})
        entry = {"tool": self.tool, "id": name, "title": title, "how": how, "file": f"{name}{suffix}", "options": options or {}, "named": named, "after": after}
        self.list.append(entry)

    def done(self):
        (folder / "theirs" / f"{self.tool}.json").write_text(json.dumps(self.list))


def spike_sample(T=200, B=3, N=21, share=0.2, seed=0):
    """Input spikes [T, B, N]."""
    return (np.random.default_rng(seed).random((T, B, N)) < share).astype(np.float32)
