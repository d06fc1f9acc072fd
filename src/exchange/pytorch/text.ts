import type { Sequential } from '../../layers/sequential.ts';
import { VERSION } from '../version.ts';
import { Classes } from './classes.ts';
import { netClass } from './net.ts';
import { connectionsFunction, WITHIN } from './parameters.ts';
import { checkText } from './self_check.ts';
import { plain } from './variables.ts';

/**
 * The text of the module.
 *
 * @param name of the files, without an extension
 */
export function pythonModule(net: Sequential, name: string): string {
  const classes = new Classes();
  const whole = netClass(classes, net);
  const parts = [
    ...(classes.connections.size ? [connectionsFunction(classes.connections)] : []),
    ...(classes.within ? [WITHIN] : []),
    ...classes.texts,
    whole,
    LOAD,
    checkText('net('),
  ];
  const body = parts.join('\n\n\n');
  const imports = [
    'import argparse',
    ...(body.includes('math.') ? ['import math'] : []),
    'import sys',
    'from pathlib import Path',
  ];
  return `${header(net, name, body)}
${imports.join('\n')}

import torch
from torch import nn
${/\bF\./.test(body) ? 'from torch.nn import functional as F\n' : ''}
HERE = Path(__file__).with_suffix('')


${body}
`;
}

/** What the file is and how it is used. */
function header(net: Sequential, name: string, body: string): string {
  const file = plain(name);
  const training = body.includes('torch.autograd.Function')
    ? '\nIt can be trained further: spikes have the surrogate derivatives with which the net was trained.\n'
    : '';
  return `"""
${file}: a spiking neural network in plain PyTorch, written by spiketape ${VERSION}. Times are in ms.

${net
  .summary()
  .split('\n')
  .map((line) => `    ${plain(line)}`.trimEnd())
  .join('\n')}

    from ${/^[A-Za-z_]\w*$/.test(file) ? file : 'model'} import load
    net = load()                        # the parameters are in ${file}.weights.safetensors
    output, state = net(x)              # x [T, B, ${net.inputs}], time first; output [T, B, ${net.outputs}]
    output, state = net(more, state)    # goes on where the first call ended
${training}
python ${file}.py runs ${file}.sample.npz and compares; --double does so in float64. Needs torch 1.13 or later and
safetensors, for the comparison NumPy.
"""`;
}

const LOAD = `def load(path=HERE.with_name(HERE.name + '.weights.safetensors')):
    """The net with its parameters, for inference; net.train() before it is trained."""
    from safetensors.torch import load_file

    net = Net()
    net.load_state_dict(load_file(str(path)))
    return net.eval()`;
