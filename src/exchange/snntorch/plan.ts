import type { Planes } from '../../kernels/conv.ts';
import { Conv2d } from '../../layers/conv2d.ts';
import { Dropout } from '../../layers/dropout.ts';
import { Flatten } from '../../layers/flatten.ts';
import type { Layer } from '../../layers/layer.ts';
import { Linear } from '../../layers/linear.ts';
import { Neurons } from '../../layers/neurons.ts';
import { AvgPool2d } from '../../layers/pool2d.ts';
import type { Sequential } from '../../layers/sequential.ts';
import type { Verdict } from '../exported.ts';
import { effectiveWeights } from '../weights.ts';
import { constrained, type Draft, linear, module, toVector } from './draft.ts';
import { float, type Module, size } from './module.ts';
import { planNeurons } from './plan_neurons.ts';
import { isKnown } from './semantics.ts';

/** A net as modules one after another, with what they do not say. */
export interface Plan extends Verdict {
  readonly modules: readonly Module[];
}

export function planOf(net: Sequential): Plan {
  const draft: Draft = { modules: [], planes: null, refused: [], lost: [], notes: [] };
  const seen = new Set<Layer>();
  const visit = (layer: Layer, place: string): void => {
    const { kind } = layer.config;
    const label = `${place} ${kind}`;
    if (seen.has(layer)) draft.refused.push(`${label}: stands in several places; a module of snnTorch has one state`);
    else if (kind === 'Sequential')
      for (const [name, child] of Object.entries(layer.children)) visit(child, place ? `${place}.${name}` : name);
    else if (Object.keys(layer.children).length)
      draft.refused.push(`${label}: has branches; only modules one after another are written`);
    else planLayer(draft, label, layer);
    seen.add(layer);
  };
  visit(net, '');
  const sized = draft.modules.some(({ tensors }) => [...tensors.values()].some(({ shape }) => shape.length > 0));
  if (draft.modules.length && !sized)
    draft.refused.push('the net: no tensor says how many neurons there are; a Linear before them does');
  if (draft.modules.some((m) => m.label && !m.voltage))
    draft.notes.push("surrogate derivatives are not in a state_dict; the module that is made has snnTorch's own, atan");
  return draft;
}

function planLayer(draft: Draft, label: string, layer: Layer): void {
  const { modules } = draft;
  if (layer instanceof Linear) {
    toVector(draft);
    modules.push(linear(layer, 'weight', layer.params.bias ? effectiveWeights(layer, 'bias') : null));
    constrained(draft, label, layer);
  } else if (layer instanceof Conv2d) {
    toPlanes(draft, layer.inputShape);
    modules.push(convolution(layer));
    draft.planes = layer.outputShape;
    constrained(draft, label, layer);
  } else if (layer instanceof AvgPool2d) {
    const { kernel, stride, padding } = layer.window;
    toPlanes(draft, layer.inputShape);
    const options = [
      ...(stride.join() === kernel.join() ? [] : [`stride=${size(stride)}`]),
      ...(padding.some((n) => n) ? [`padding=${size(padding)}`] : []),
    ];
    modules.push(
      module('AvgPool2d', [size(kernel), ...options], [`size=${kernel.join('x')}`, ...windows({ stride, padding })]),
    );
    draft.planes = layer.outputShape;
  } else if (layer instanceof Flatten) toVector(draft);
  else if (layer instanceof Dropout) {
    modules.push(module('Dropout', [float(layer.p)], [`p=${layer.p}`]));
    draft.notes.push(`${label}: is the identity in inference; in training snnTorch draws another mask at every step`);
  } else if (layer instanceof Neurons && isKnown(layer.config.kind)) planNeurons(draft, label, layer);
  else draft.refused.push(`${label}: snnTorch's modules have nothing that computes it`);
}

/** Activations as planes, as convolutions read them. */
function toPlanes(draft: Draft, planes: Planes): void {
  if (draft.planes?.join() === planes.join()) return;
  toVector(draft);
  draft.modules.push(module('Unflatten', ['1', `(${planes.join(', ')})`], [`shape=${planes.join('x')}`]));
}

function convolution(layer: Conv2d): Module {
  const { kernel, stride, padding, dilation, groups, input, output } = layer.window;
  const { weight, bias } = layer.params;
  const same = (layer.config.options as { padding?: unknown }).padding === 'same';
  const args = [
    ...(stride.some((n) => n !== 1) ? [`stride=${size(stride)}`] : []),
    ...(same ? ["padding='same'"] : padding.some((n) => n) ? [`padding=${size(padding)}`] : []),
    ...(dilation.some((n) => n !== 1) ? [`dilation=${size(dilation)}`] : []),
    ...(groups === 1 ? [] : [`groups=${groups}`]),
    ...(bias ? [] : ['bias=False']),
  ];
  return {
    ...module(
      'Conv2d',
      [`${input[0]}`, `${output[0]}`, size(kernel), ...args],
      [...windows({ stride, dilation }), same ? 'padding=same' : `padding=${padding.join('x')}`, `groups=${groups}`],
    ),
    tensors: new Map([
      ['weight', { shape: weight!.shape, values: effectiveWeights(layer, 'weight'), dtype: 'F32' as const }],
      ...(bias
        ? [['bias', { shape: bias.shape, values: effectiveWeights(layer, 'bias'), dtype: 'F32' as const }] as const]
        : []),
    ]),
  };
}

const windows = (sizes: Readonly<Record<string, readonly number[]>>): string[] =>
  Object.entries(sizes).map(([name, pair]) => `${name}=${pair.join('x')}`);
