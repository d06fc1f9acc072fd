"""The generated module in plain PyTorch, and safetensors' reader for PyTorch, strictly."""

import torch
from common import folder, generated, judge


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


judge("pytorch", ["torch", "safetensors"], run)
