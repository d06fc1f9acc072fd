import type { Neurons } from '../../layers/neurons.ts';
import type { Semantics } from '../../neurons/semantics.ts';
import { single } from '../pytorch/print.ts';
import { effectiveWeights } from '../weights.ts';
import { constrained, type Draft, linear, toVector } from './draft.ts';
import { float, type Module, SPIKES_ONLY } from './module.ts';

import { leaksOf, semanticsOf } from './semantics.ts';

/** How snnTorch resets, and whether the module must be one that sees its own spikes for that. */
interface Reset {
  readonly mechanism: 'subtract' | 'zero' | 'none';
  /** Whether the reset acts in the step after the spike. */
  readonly delayed: boolean;
  readonly viaRecurrent?: boolean;
  /** Whether mem is another voltage than the layer records. */
  readonly otherVoltage?: boolean;
}

/** float32 keeps a decay within this of what it leaves to 1, or it is said. */
const ROUNDING = 5e-6;

/** A layer of neurons as modules: its weights, if it has any, and the neurons. */
export function planNeurons(draft: Draft, label: string, layer: Neurons): void {
  const { kind } = layer.config;
  const N = layer.outputs;
  const s = semanticsOf(layer);
  const reset = resetOf(draft, label, layer, s);
  if (!reset) return;
  const { beta, alpha, gain } = leaksOf(layer, s);

  if (layer.params.weight) {
    toVector(draft);
    draft.modules.push(linear(layer, 'weight', layer.params.bias ? effectiveWeights(layer, 'bias') : null));
    constrained(draft, label, layer);
  }
  if (gain.some((g) => g !== 1) && !scale(draft, label, gain, N)) return;
  for (const [name, decay] of Object.entries({ beta, alpha: alpha ?? new Float64Array() }))
    if (decay.some((x) => x < 1 && Math.abs(Math.fround(x) - x) > ROUNDING * (1 - x)))
      draft.notes.push(
        `${label}: ${name} is rounded to float32, which makes a slow decay another by up to ${worst(decay)}`,
      );

  if (layer.recurrence === 'dense') toVector(draft);
  const shape = draft.planes ?? [N];
  const tensors: Module['tensors'] = new Map();
  const args: string[] = [];
  /** A constant that is a float or a tensor by neuron. */
  const constant = (name: string, values: Float64Array): void => {
    const one = values.length === 1;
    tensors.set(name, { shape: one ? [] : shape, values, dtype: 'F32' });
    const some = float(single(values[0]!));
    args.push(`${name}=${one ? some : `torch.full((${shape.join(', ')}${shape.length === 1 ? ',' : ''}), ${some})`}`);
  };
  if (alpha) constant('alpha', alpha);
  constant('beta', beta);
  const threshold = layer.params.threshold ? effectiveWeights(layer, 'threshold') : Float64Array.of(1);
  constant('threshold', threshold);

  const own = layer.recurrence === 'one-to-one';
  const recurrent = layer.recurrence !== null || reset.viaRecurrent === true;
  if (layer.recurrence === 'dense') {
    const values = effectiveWeights(layer, 'recurrent.weight').map(
      (w, i) => w * gain[Math.floor(i / N) % gain.length]!,
    );
    tensors.set('recurrent.weight', { shape: [N, N], values, dtype: 'F32' });
    tensors.set('recurrent.bias', { shape: [N], values: new Float64Array(N), dtype: 'F32' });
    args.push(`linear_features=${N}`);
    draft.notes.push(
      `${label}: snnTorch connects each neuron with itself as well, and has a second bias: both are 0 here`,
    );
  } else if (recurrent) {
    const values = own
      ? effectiveWeights(layer, 'recurrent.weight').map((w, i) => w * gain[i % gain.length]!)
      : new Float64Array(1);
    for (const name of ['V', 'recurrent.V']) tensors.set(name, { shape: own ? shape : [], values, dtype: 'F32' });
    args.push(`V=${own ? `torch.zeros(${shape.join(', ')})` : '0.0'}`, 'all_to_all=False');
  }
  tensors.set('graded_spikes_factor', { shape: [], values: Float64Array.of(1), dtype: 'F32' });
  const mechanisms = ['subtract', 'zero', 'none'];
  tensors.set('reset_mechanism_val', {
    shape: [],
    values: Float64Array.of(mechanisms.indexOf(reset.mechanism)),
    dtype: 'I64',
  });
  const trained = (...names: string[]): boolean => names.some((n) => layer.params[n]?.trainable);
  if (trained('beta', kind === 'Alpha' ? 'tauRise' : 'tau')) args.push('learn_beta=True');
  // Alpha's constructor cannot make one of it
  if (trained('alpha', 'tauSyn') && kind !== 'Alpha') args.push('learn_alpha=True');
  if (trained('threshold')) args.push('learn_threshold=True');
  args.push(`reset_mechanism='${reset.mechanism}'`);
  if (!reset.delayed) args.push('reset_delay=False');
  draft.modules.push({
    kind: `${recurrent ? 'R' : ''}${kind === 'CubaLIF' ? 'Synaptic' : kind === 'Alpha' ? 'Alpha' : 'Leaky'}`,
    args: [...args, 'init_hidden=True'],
    tensors,
    said: [
      ...(reset.delayed ? [] : ['reset_delay=False']),
      ...(reset.otherVoltage ? [SPIKES_ONLY] : []),
      ...(kind === 'Readout' ? ['output=mem'] : []),
      ...(kind === 'Alpha' ? ['kind=Alpha'] : []),
    ],
    label,
    voltage: kind === 'Readout',
  });
}

const worst = (decay: Float64Array): string =>
  Math.max(...decay.map((x) => (x < 1 ? Math.abs(Math.fround(x) - x) / (1 - x) : 0))).toExponential(0);

/** Puts the gain on the input into the weights that make it. */
function scale(draft: Draft, label: string, gain: Float64Array, N: number): boolean {
  const before = draft.modules.at(-1);
  const perChannel = before?.kind === 'Conv2d' && gain.length > 1;
  if (!before || (before.kind !== 'Linear' && before.kind !== 'Conv2d') || perChannel) {
    draft.refused.push(
      `${label}: has an input gain, which snnTorch's neurons do not, and there are no weights before it to take it up; give the layer weights of its own or inputGain 'one'`,
    );
    return false;
  }
  for (const { values } of before.tensors.values()) {
    const rows = before.kind === 'Linear' ? N : 1;
    const each = values.length / rows;
    for (let i = 0; i < values.length; i++) values[i]! *= gain[Math.floor(i / each) % gain.length]!;
  }
  draft.notes.push(`${label}: its input gain is in the weights`);
  return true;
}

/** How snnTorch's reset comes to the same, or as near as it gets. */
function resetOf(draft: Draft, label: string, layer: Neurons, s: Partial<Semantics>): Reset | null {
  const { kind } = layer.config;
  const refuse = (why: string): null => {
    draft.refused.push(`${label}: ${why}`);
    return null;
  };
  const lose = (why: string): void => void draft.lost.push(`${label}: ${why}`);
  if (kind === 'Readout')
    return s.delay === 1
      ? refuse("delay 1: snnTorch's Leaky takes its input in at once")
      : { mechanism: 'none', delayed: true };
  if (kind === 'Alpha' && layer.recurrence) return refuse('recurrent: snnTorch has no recurrent Alpha');
  if (s.synapticDelay === 1) return refuse("synapticDelay 1: snnTorch's membrane sees the current of its own step");
  let how = s.reset!;
  if (how === 'value') {
    if (effectiveWeights(layer, 'resetTo').some((v) => v !== 0))
      return refuse(`reset 'value' to other voltages than 0: snnTorch has 'subtract', 'zero' and 'none'`);
    how = 'zero';
  }
  if (kind === 'Alpha' && how === 'subtract')
    return refuse("reset 'subtract': snnTorch's own for Alpha is another rule");
  if (s.spikeTest === '>=') lose("spikeTest '>=': snnTorch fires above the threshold, not at it");
  const { refractory = 0 } = layer.options as { refractory?: number };
  if (refractory) lose(`refractory ${refractory}: snnTorch has no refractory period; it is left out`);
  if (how === 'none') return { mechanism: 'none', delayed: true };
  if (!s.detachReset) draft.notes.push(`${label}: in training, snnTorch leaves the reset out of the gradient`);

  const moment = s.resetMoment!;
  const late = moment === 'next step after leak';
  const [recurrent, synaptic] = [layer.recurrence !== null, kind === 'CubaLIF'];
  if (kind === 'Alpha') {
    if (!late) lose(`resetMoment '${moment}': snnTorch's Alpha resets in the next step, after the leak`);
    return { mechanism: 'zero', delayed: true };
  }
  if (late) {
    // Leaky resets to zero before the leak, RLeaky after it
    const viaRecurrent = how === 'zero' && !recurrent && !synaptic;
    if (viaRecurrent)
      draft.notes.push(`${label}: is written as RLeaky with V 0, because Leaky resets to zero before the leak`);
    return { mechanism: how, delayed: true, viaRecurrent };
  }
  const after = s.record === 'after reset';
  if (moment === 'next step before leak' && how === 'zero' && !recurrent && !synaptic)
    return { mechanism: 'zero', delayed: true, otherVoltage: after };
  if (recurrent && synaptic) {
    lose(`resetMoment '${moment}': snnTorch's RSynaptic cannot reset but in the next step, after the leak`);
    return { mechanism: how, delayed: true };
  }
  if (how === 'subtract')
    lose(
      `reset 'subtract' with resetMoment '${moment}': where a voltage is still above the threshold after its reset, snnTorch (reset_delay=False) takes another one off before it tests the next`,
    );
  return { mechanism: how, delayed: false, otherVoltage: !after };
}
