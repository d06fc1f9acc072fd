import { BatchNorm } from '../../layers/batch_norm.ts';
import { walk } from '../../layers/container.ts';
import { Dropout } from '../../layers/dropout.ts';
import { Encode } from '../../layers/encode.ts';
import type { Layer } from '../../layers/layer.ts';
import type { Sequential } from '../../layers/sequential.ts';
import { onlyKnown } from '../../neurons/nearest.ts';
import type { Verdict } from '../exported.ts';
import { Classes } from './classes.ts';
import { moduleOf } from './modules.ts';

const CONTAINERS = ['Sequential', 'Parallel', 'Residual'];

/** What a module of plain PyTorch makes of a net. @param options none */
export function checkPytorch(net: Sequential, options: { name?: string } = {}): Verdict {
  onlyKnown('pytorch', options, ['name']);
  const [refused, lost, notes]: [string[], string[], string[]] = [[], [], []];
  const seen = new Set<Layer>();
  for (const [place, layer] of walk(net)) {
    if (seen.has(layer)) continue;
    seen.add(layer);
    const { kind } = layer.config;
    const label = `${place} ${kind}`;
    if (CONTAINERS.includes(kind)) continue;
    if (!moduleOf(new Classes(), layer)) refused.push(`${label}: a kind of layer that this library does not know`);
    if (layer.params.recurrent && layer.params['recurrent.weight'])
      refused.push(`${label}: has a constant 'recurrent' beside 'recurrent.weight', which no PyTorch module can have`);
    if (layer instanceof Encode && layer.encoding.plan.kind === 'rate')
      lost.push(`${label}: draws its spikes at random, and PyTorch draws others; encode before the net instead`);
    if (layer instanceof BatchNorm)
      notes.push(`${label}: in inference; in training it takes the statistics of the whole batch and time, as here`);
    if (layer instanceof Dropout)
      notes.push(`${label}: is the identity in inference; in training it draws one mask for a sequence, as here`);
    if (Object.values(layer.params).some((p) => p.options.rewire))
      notes.push(`${label}: its connections stay as they are; PyTorch does not rewire them in training`);
  }
  return { refused, lost, notes };
}
