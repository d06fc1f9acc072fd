import { Gated } from '../../gated/layer.ts';
import { BatchNorm } from '../../layers/batch_norm.ts';
import { Conv2d } from '../../layers/conv2d.ts';
import { Dropout } from '../../layers/dropout.ts';
import { ConstantCurrent, Encode } from '../../layers/encode.ts';
import { Flatten } from '../../layers/flatten.ts';
import { GLIF } from '../../layers/glif.ts';
import type { Layer } from '../../layers/layer.ts';
import { Linear } from '../../layers/linear.ts';
import { Neurons } from '../../layers/neurons.ts';
import { Parallel } from '../../layers/parallel.ts';
import { AvgPool2d, SumPool2d } from '../../layers/pool2d.ts';
import { Residual } from '../../layers/residual.ts';
import { Sequential } from '../../layers/sequential.ts';
import { effectiveWeights } from '../weights.ts';
import { addGated, addNeurons, byStep } from './cells.ts';
import { addConstantCurrent, addEncode, encodeRefusal } from './encoders.ts';
import type { Flow, NetGraph } from './net_graph.ts';
import { addConv, addPool } from './planes.ts';

/** Adds what a layer computes, in the order in which the net computes it. */
export function addLayer(g: NetGraph, layer: Layer, place: string, x: Flow): Flow {
  const within = (child: string, from: Flow): Flow =>
    addLayer(g, layer.children[child]!, place ? `${place}.${child}` : child, from);
  if (layer instanceof Sequential) return Object.keys(layer.children).reduce((y, child) => within(child, y), x);
  if (layer instanceof Residual) {
    const body = Object.keys(layer.children).filter((child) => child !== 'projection');
    const y = body.reduce((at, child) => within(child, at), x);
    const past = layer.children.projection ? within('projection', x) : x;
    g.scope.place = place;
    return { ...y, name: g.scope.add('Add', [y.name, past.name]) };
  }
  if (layer instanceof Parallel) {
    const branches = Object.keys(layer.children).map((child) => within(child, x));
    g.scope.place = place;
    const names = branches.map(({ name }) => name);
    const name =
      layer.config.merge === 'sum'
        ? names.reduce((a, b) => g.scope.add('Add', [a, b]))
        : g.scope.add('Concat', names, { axis: -1 });
    return { ...branches[0]!, width: layer.outputs, name };
  }
  g.scope.place = place;
  if (layer instanceof Neurons) return addNeurons(g, layer, place, x);
  if (layer instanceof Gated) return addGated(g, layer, place, x);
  if (layer instanceof Linear) return { ...x, width: layer.outputs, name: g.product(layer, x.name) };
  if (layer instanceof Conv2d) return addConv(g, layer, x);
  if (layer instanceof AvgPool2d || layer instanceof SumPool2d) return addPool(g, layer, x);
  if (layer instanceof BatchNorm) return addNorm(g, layer, x);
  if (layer instanceof Encode) return addEncode(g, layer, x);
  if (layer instanceof ConstantCurrent) return addConstantCurrent(g, layer, x);
  return x;
}

const LEAVES = [
  Neurons,
  Gated,
  Linear,
  Conv2d,
  AvgPool2d,
  SumPool2d,
  BatchNorm,
  Encode,
  ConstantCurrent,
  Flatten,
  Dropout,
];
const CONTAINERS = [Sequential, Residual, Parallel];

/** Why a layer cannot be exported; '' where it can. */
export function layerRefusal(layer: Layer, stepping: boolean): string {
  if (layer instanceof Encode) return encodeRefusal(layer, stepping);
  if ([...LEAVES, ...CONTAINERS].some((Kind) => layer instanceof Kind)) return '';
  return 'is no layer of which the exporter knows what it computes';
}

/** Steps that a layer makes of values that stand still; null for one that does not. */
export const standsStill = (layer: Layer): number | null =>
  layer instanceof ConstantCurrent ? layer.steps : (layer instanceof Encode && layer.encoding.steps) || null;

/** Steps for which a layer has numbers of their own; null where all steps are alike. */
export const stepsOf = (layer: Layer): number | null => {
  if (layer instanceof GLIF) return layer.params.g!.shape[0]!;
  return (layer instanceof BatchNorm && (layer.config.options as { perStep?: number }).perStep) || null;
};

/** weight (x - mean) / sqrt(variance + eps) + bias, with the running statistics. */
function addNorm(g: NetGraph, layer: BatchNorm, x: Flow): Flow {
  const { eps, threshold = 1, alpha = 1 } = layer.config.options as { eps: number; threshold?: number; alpha?: number };
  const steps = stepsOf(layer);
  const positions = layer.inputs / layer.channels;
  const mean = effectiveWeights(layer, 'running_mean');
  const variance = effectiveWeights(layer, 'running_var');
  const affine = layer.params.weight ? effectiveWeights(layer, 'weight') : null;
  const scale = variance.map((v, i) => ((affine?.[i] ?? 1) * alpha * threshold) / Math.sqrt(v + eps));
  /** A number of each channel, for each of its neurons. */
  const each = (what: string, values: Float64Array): string => {
    const rows = steps ?? 1;
    const all = Float64Array.from({ length: rows * layer.inputs }, (_, i) => values[Math.floor(i / positions)]!);
    const dims = steps ? [rows, layer.inputs] : [layer.inputs];
    const table = g.constants.reals(`${g.home(layer)}.${what}`, dims, all);
    return steps ? byStep(g, table, x) : table;
  };
  const scaled = g.scope.add('Mul', [g.scope.add('Sub', [x.name, each('mean', mean)]), each('scale', scale)]);
  const name = layer.params.bias
    ? g.scope.add('Add', [scaled, each('shift', effectiveWeights(layer, 'bias'))])
    : scaled;
  return { ...x, name };
}
