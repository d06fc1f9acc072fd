"""What the Python peers of `npm run bench -- --cuda` share: the case, the check against spiketape, timing, output.

A peer's script gives `main` its settings: for each a name and a function that builds a contender. Every setting that
works is checked and timed briefly, and the fastest one is measured.

    python3 torch_eager.py --case case.json                 one line of JSON: the result
    python3 torch_eager.py --case case.json --rounds        a line when ready, then one for each number of steps on stdin

Exit codes: 0 measured, 1 failed (the line says why), 2 wrong arguments, 3 not run: no framework or no such device.
"""

import argparse
import json
import struct
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOT_RUN = 3


@contextmanager
def needed(peer):
    """Imports that end the script, with a line that says so, where a package is missing."""
    try:
        yield
    except ImportError as error:
        print(json.dumps({'peer': peer, 'error': f'not installed: {error}', 'notRun': True}), flush=True)
        sys.exit(NOT_RUN)


with needed(Path(sys.argv[0]).stem):
    import numpy as np

"""How far losses may be from spiketape's, relative to them."""
LOSS_TOLERANCE = 1e-3
"""The same for gradients, as a whole: a spike whose voltage is within rounding of the threshold may differ."""
GRADIENT_TOLERANCE = 1e-2
"""Of choosing among settings."""
BUDGET_S = 420


class NotRun(Exception):
    """The device is not here."""


@dataclass
class Case:
    """A case as bench/cases.ts has it, with constants, arrays and what spiketape came to."""

    name: str
    kind: str
    B: int
    T: int
    inputs: int
    hidden: int
    outputs: int
    neuron: str
    recurrent: bool
    batches: int
    lr: float
    adam: dict
    """Decays per step `alpha` (membranes) and `rho` (slow current), `beta`, `threshold`, `gamma`."""
    constants: dict
    """Losses of the first steps."""
    losses: list
    """Matrices [post, pre]: weight, recurrent, readout, as far as the case has them."""
    weights: dict
    """[T, B, inputs] float32."""
    input: np.ndarray
    """[B] int32."""
    labels: np.ndarray
    """Of the first step, by the names of the weights; of neurons alone `current`."""
    gradients: dict


def read_safetensors(path):
    """The arrays of a file. Eight lines, so that a machine without network needs no package for them."""
    raw = Path(path).read_bytes()
    (size,) = struct.unpack_from('<Q', raw)
    header = json.loads(raw[8 : 8 + size])
    header.pop('__metadata__', None)
    dtypes = {'F32': np.float32, 'U8': np.uint8, 'I32': np.int32}
    body = memoryview(raw)[8 + size :]
    return {
        name: np.frombuffer(body[slice(*entry['data_offsets'])], dtypes[entry['dtype']]).reshape(entry['shape'])
        for name, entry in header.items()
    }


def read_case(text, folder):
    spec = json.loads(text)
    arrays = read_safetensors(folder / spec.pop('data'))
    spec['input'] = arrays.pop('input').astype(np.float32)
    spec['labels'] = arrays.pop('labels', np.zeros(0, np.int32))
    spec['weights'] = {k.split('.')[1]: v for k, v in arrays.items() if k.startswith('weights.')}
    spec['gradients'] = {k.split('.')[1]: v for k, v in arrays.items() if k.startswith('gradients.')}
    return Case(**spec)


class Contender:
    """A case in a framework, in one of its settings."""

    def reset(self):
        """Back to the weights of the case, and to an update rule that has seen nothing."""
        raise NotImplementedError

    def step(self):
        """One training step (`batches` of them, where the case says so). Returns the loss, which ends the step."""
        raise NotImplementedError

    def gradients(self):
        """Those of the last step, as arrays, by the names of Case.gradients."""
        raise NotImplementedError


def relative(a, b):
    """|a - b| / |b|, in float64."""
    a, b = (np.asarray(x, np.float64) for x in (a, b))
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-30))


def check(case, contender):
    """Compares the first steps with spiketape's. Returns loss, largest errors, and what is wrong, if anything."""
    contender.reset()
    losses, errors = [], {}
    for i in range(len(case.losses)):
        losses.append(contender.step())
        if i == 0:
            found = contender.gradients()
            errors = {name: relative(found[name], g) for name, g in case.gradients.items()}
    off = max(relative(a, b) for a, b in zip(losses, case.losses))
    gradient = max(errors.values())
    wrong = None
    if not off < LOSS_TOLERANCE:
        wrong = f'losses {losses}, spiketape has {case.losses}'
    elif not gradient < GRADIENT_TOLERANCE:
        wrong = f'gradients are off by {errors}'
    return {'loss': losses[0], 'lossError': off, 'gradientError': gradient, 'wrong': wrong}


def timed(contender, steps):
    """Milliseconds of each step. A step ends with its loss on the CPU, so nothing is left to wait for."""
    samples = []
    for _ in range(steps):
        start = time.perf_counter()
        contender.step()
        samples.append(1000 * (time.perf_counter() - start))
    return samples


def fastest(case, settings):
    """The best of the settings that work, ready to be timed; its check; what was said of the others."""
    begun, best, others, first = time.perf_counter(), None, {}, None
    for name, build in settings:
        if best and time.perf_counter() - begun > BUDGET_S:
            others[name] = f'not tried: {BUDGET_S} s were over'
            continue
        start = time.perf_counter()
        try:
            contender = build()
            verdict = check(case, contender)
        except Exception as error:  # a setting that a version or a card does not support leaves the others
            others[name] = f'{type(error).__name__}: {error}'[:500]
            continue
        verdict['prepare_ms'] = 1000 * (time.perf_counter() - start)
        if verdict['wrong']:
            others[name] = verdict['wrong']
            first = first or verdict
            continue
        timed(contender, 2)
        ms = sorted(timed(contender, 3))[1]
        if best is None or ms < best[0]:
            if best:
                others[best[1]] = f'{best[0]:.3f} ms'
            best = (ms, name, contender, verdict)
        else:
            others[name] = f'{ms:.3f} ms'
    return best, others, first


def main(peer, open_framework):
    """
    :param open_framework: called with the device, 'cuda' or 'cpu'; returns version, the device's name, and a function
        from the case to a list of (name of setting, function that builds a contender). Raises NotRun.
    """
    parser = argparse.ArgumentParser(description=f'{peer}: one case of the benchmark')
    parser.add_argument('--case', default='-', help='file with the case as JSON; - reads one line of stdin')
    parser.add_argument('--device', choices=['cuda', 'cpu'], default='cuda')
    parser.add_argument('--samples', type=int, default=10, help='steps that are timed (10)')
    parser.add_argument('--setting', help='only this one')
    parser.add_argument('--rounds', action='store_true', help='time as many steps as each line of stdin says')
    given = parser.parse_args()
    # what libraries print must not come between the lines of JSON
    out, sys.stdout = sys.stdout, sys.stderr

    def say(**line):
        print(json.dumps({'peer': peer, **line}), file=out, flush=True)

    text = sys.stdin.readline() if given.case == '-' else Path(given.case).read_text()
    folder = Path.cwd() if given.case == '-' else Path(given.case).resolve().parent
    case = read_case(text, folder)
    try:
        version, device, settings_of = open_framework(given.device)
        settings = settings_of(case)
    except NotRun as error:
        say(case=case.name, error=str(error), notRun=True)
        sys.exit(NOT_RUN)
    offered = [s for s in settings if given.setting in (None, s[0])]
    if not offered:
        parser.error(f'--setting: {peer} has {", ".join(s[0] for s in settings)} for this case')
    line = {'case': case.name, 'version': version, 'device': device}
    best, others, first = fastest(case, offered)
    if best is None:
        verdict = first or {'loss': None, 'wrong': '; '.join(f'{k}: {v}' for k, v in others.items())}
        match = False if first else None
        say(**line, samples_ms=[], loss=verdict['loss'], lossMatch=match, error=verdict['wrong'], others=others)
        sys.exit(1)
    _, setting, contender, verdict = best
    verdict.pop('wrong')
    line.update(setting=setting, lossMatch=True, others=others, **verdict)
    if not given.rounds:
        say(**line, samples_ms=timed(contender, given.samples))
        return
    say(**line, ready=True)
    for steps in sys.stdin:
        say(case=case.name, samples_ms=timed(contender, int(steps)))
