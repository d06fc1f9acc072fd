import { checkText } from '../pytorch/self_check.ts';
import { plain } from '../pytorch/variables.ts';
import { VERSION } from '../version.ts';
import { type Module, SPIKES_ONLY } from './module.ts';

/** Modules that are PyTorch's, not snnTorch's. */
const TORCH = ['Linear', 'Conv2d', 'AvgPool2d', 'Flatten', 'Unflatten', 'Dropout'];

/** The Python that makes the modules and loads their parameters. @param name of the files, without an extension */
export function snntorchText(modules: readonly Module[], name: string, inputs: number): string {
  const made = modules.map(
    ({ kind, args }, i) => `        ${TORCH.includes(kind) ? 'nn' : 'snn'}.${kind}(${args.join(', ')}),  # ${i}`,
  );
  const places = modules.flatMap(({ label, voltage }, i) =>
    label ? [`    '${i}': ('${plain(label.split(' ')[0]!)}', ${voltage ? 'False' : 'True'}),`] : [],
  );
  const after = modules.flatMap((m) =>
    m.label && m.said.includes(SPIKES_ONLY) ? [`'${plain(m.label.split(' ')[0]!)}'`] : [],
  );
  const file = plain(name);
  return `"""
${file}: a net of snnTorch's neurons, written by spiketape ${VERSION}. Its parameters are in ${file}.safetensors.

    net = load()
    output, _ = run(net, x)             # x [T, B, ${inputs}], time first

python ${file.replace(/_snntorch$/, '')}_snntorch.py runs ${file}.sample.npz and compares. Needs snntorch 1.0 and safetensors, for the comparison NumPy.
"""
import argparse
import sys
from pathlib import Path

import snntorch as snn
import torch
from torch import nn

HERE = Path(__file__).with_name('${file}')

# of each layer of neurons the place that it had, and whether its spikes go on (else its voltage)
PLACES = {
${places.join('\n')}
}
# places whose voltage was recorded before the reset, while mem is what the reset made of it
AFTER_RESET = {${after.join(', ')}}


def build():
    return nn.Sequential(
${made.join('\n')}
    )


def load(path=HERE.with_name(HERE.name + '.safetensors')):
    """The net with its parameters."""
    from safetensors.torch import load_file

    net = build()
    net.load_state_dict(load_file(str(path)))
    return net.eval()


def run(net, x, record=None):
    """
    Runs the net over [T, B, inputs] from reset states.

    record: a dict that gets 'spikes.0' and 'voltage.0', [T, B, N], of each layer of neurons by its place
    returns the output [T, B, outputs] and None
    """
    recorded = {}
    for module in net:
        if hasattr(module, 'reset_mem'):
            module.reset_mem()
    outputs = []
    for y in x:
        for name, module in net.named_children():
            y = module(y)
            if name in PLACES:
                place, spiking = PLACES[name]
                if spiking:
                    recorded.setdefault('spikes.' + place, []).append(y.flatten(1))
                else:
                    y = module.mem
                recorded.setdefault('voltage.' + place, []).append(module.mem.flatten(1))
        outputs.append(y.flatten(1))
    if record is not None:
        record.update({name: torch.stack(values) for name, values in recorded.items()})
    return torch.stack(outputs), None


${checkText('run(net, ', "name.startswith('voltage') and name[8:] in AFTER_RESET")}
`;
}
