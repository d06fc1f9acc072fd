"""PyTorch with torch.compile: a step, or as many as compile in reasonable time, made into kernels of its own; on CUDA
also with the whole training step, update included, recorded as a CUDA graph, which is most of what there is to gain."""

from common import main, needed

with needed('torch-compile'):
    import torch
    from torch_common import TorchContender, open_torch
    from torch_eager import ahp_step, hidden_of, integrate_step, lif_step, readout_of, start

"""Steps that are unrolled into one compiled function; more of them cost minutes of compilation."""
LONGEST = 25


def chunks_of(T):
    """One step, and the longest chunk that divides T."""
    return sorted({1, max(n for n in range(1, LONGEST + 1) if T % n == 0)})


def unrolled(step, size):
    """`step` applied to `size` steps at once, compiled."""

    def run(current, state, *more):
        outputs = []
        for now in current.unbind(0):
            output, state = step(now, state, *more)
            outputs.append(output)
        return torch.stack(outputs), state

    compiled = torch.compile(run, fullgraph=True, dynamic=False)

    def over_chunks(state, current, *more):
        outputs = []
        for part in current.split(size):
            output, state = compiled(part, state, *more)
            outputs.append(output)
        return torch.cat(outputs)

    return over_chunks


def compiled_by(case, size):
    """Neurons and readout; with and without a graph they are the same code."""
    c = case.constants
    if case.neuron == 'AHP':
        neurons = unrolled(lambda now, state, recurrent: ahp_step(now, state, c, recurrent), size)
    else:
        neurons = unrolled(lambda now, state, _: lif_step(now, state, c), size)
    integrators = unrolled(lambda now, state: integrate_step(now, state, c), size)
    return (
        lambda current, recurrent: neurons(start(case, current), current, recurrent),
        lambda current: integrators(torch.zeros_like(current[0]), current),
    )


def open_framework(kind):
    device, name = open_torch(kind)

    def settings(case):
        made = []
        for size in reversed(chunks_of(case.T)):
            parts = compiled_by(case, size)
            what = 'compiled step by step' if size == 1 else f'compiled by {size} steps'
            for graph in [True, False] if kind == 'cuda' else [False]:
                build = lambda parts=parts, graph=graph: TorchContender(case, device, *parts, graph)
                made.append((what + (', CUDA graph' if graph else ''), build))
        if kind == 'cuda':
            plain = lambda: TorchContender(case, device, hidden_of(case), readout_of(case), True)
            made.append(('not compiled, CUDA graph', plain))
        return made

    return torch.__version__, name, settings


if __name__ == '__main__':
    main('torch-compile', open_framework)
