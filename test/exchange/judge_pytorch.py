"""The generated module in plain PyTorch, and safetensors' reader for PyTorch, strictly."""

import shutil

import numpy as np
import safetensors.torch
import torch
from common import Theirs, cases, folder, generated, judge


def run(case, sample):
    script, weights = case["files"][:2]
    module = generated(case, script)
    net = module.load(str(folder / weights))
    dtype = torch.float64 if case["variant"] == "double" else torch.float32
    net = net.to(dtype)
    # its own comparison with what we recorded must see the same
    if dtype == torch.float64 and not module.check(net, dict(sample)):
        raise AssertionError("its own check says that it is not the same")
    record = {}
    with torch.no_grad():
        output, _ = net(torch.as_tensor(sample["input"], dtype=dtype), record=record)
    return {"output": output.numpy(), **{name: value.numpy() for name, value in record.items()}}


def theirs():
    """Nets whose weights were changed here, as a training changes them: the parameters with the structure that we wrote."""
    made = Theirs("pytorch")
    torch.manual_seed(0)
    for case in cases("pytorch"):
        if case["net"] not in ("ahp", "conv", "structure") or case["variant"] == "double":
            continue
        script, weights = case["files"][:2]
        net = generated(case, script).load(str(folder / weights))
        record = {}
        x = np.load(folder / case["sample"])["input"]
        with torch.no_grad():
            for name, p in net.named_parameters():
                if name.endswith("weight"):
                    p *= 1 + 0.1 * torch.randn_like(p)
            output, _ = net(torch.as_tensor(x), record=record)
        shutil.copy(folder / "samples" / f"{case['net']}.json", folder / "theirs" / f"pytorch.{case['net']}.json")
        made.add(
            case["net"],
            case["title"],
            "safetensors, with other weights",
            ".safetensors",
            lambda path: safetensors.torch.save_file(net.state_dict(), path, metadata={"format": "pt"}),
            x,
            {key: value.numpy() for key, value in record.items()},
            output.numpy(),
        )
    made.done()


judge("pytorch", ["torch", "safetensors"], run)
theirs()
