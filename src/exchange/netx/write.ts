import { dataset, group, type Hdf5Dataset, type Hdf5Group, type Hdf5Node } from '../hdf5/tree.ts';
import { hasNeurons, type NetxLayer, type NeuronLayer } from './layers.ts';

const integer = (value: number): Hdf5Dataset => dataset(BigInt64Array.of(BigInt(value)), []);
const integers = (values: readonly number[]): Hdf5Dataset => dataset(BigInt64Array.from(values, BigInt));
const floats = (values: Int32Array, shape: readonly number[]): Hdf5Dataset => dataset(Float32Array.from(values), shape);
const typeOf = (name: string): Hdf5Dataset => dataset([name], [1]);

/** A net as lava-dl's trainer writes it: `/layer/0` ... ; beside it, in `/spiketape`, what NetX does not ask for and we want to know again. */
export function netxTree(layers: readonly NetxLayer[]): Hdf5Group {
  const own = layers.filter(hasNeurons);
  const units = own.flatMap((layer, i): [string, Hdf5Node][] =>
    layer.meaning.units ? [[String(i), dataset(layer.meaning.units)]] : [],
  );
  return group([
    ['layer', group(layers.map((layer, i) => [String(i), layerGroup(layer)] as const))],
    [
      'spiketape',
      group([
        ['labels', dataset(own.map(({ meaning }) => meaning.label ?? ''))],
        ['scale', dataset(Float64Array.from(own, ({ meaning }) => meaning.scale))],
        ['record', dataset(own.map(({ meaning }) => meaning.record))],
        ...(units.length ? [['units', group(units)] as const] : []),
      ]),
    ],
  ]);
}

function layerGroup(layer: NetxLayer): Hdf5Group {
  if (!hasNeurons(layer))
    return group([
      ['type', typeOf(layer.type)],
      ['shape', integers(layer.shape)],
    ]);
  const bias: [string, Hdf5Node][] = layer.bias ? [['bias', floats(layer.bias, [layer.bias.length])]] : [];
  if (layer.type === 'conv') {
    const { input, output, kernel, stride, padding, dilation, groups } = layer.window;
    return group([
      ['type', typeOf('conv')],
      ['shape', integers(output)],
      ['inChannels', integer(input[0])],
      ['outChannels', integer(output[0])],
      ['kernelSize', integers(kernel)],
      ['stride', integers(stride)],
      ['padding', integers(padding)],
      ['dilation', integers(dilation)],
      ['groups', integer(groups)],
      ['weight', floats(layer.weight, [output[0], input[0] / groups, ...kernel])],
      ...bias,
      ['neuron', neuronGroup(layer)],
    ]);
  }
  const { inputs, outputs, weight, recurrent } = layer;
  return group([
    ['type', typeOf(recurrent ? 'dense_rec' : 'dense')],
    ['shape', integers([outputs])],
    ['inFeatures', integer(inputs)],
    ['outFeatures', integer(outputs)],
    ['weight', floats(weight, [outputs, inputs])],
    ...(recurrent ? [['weight_rec', floats(recurrent, [outputs, outputs])] as const] : []),
    ...bias,
    ['neuron', neuronGroup(layer)],
  ]);
}

const neuronGroup = ({ neurons }: NeuronLayer): Hdf5Group =>
  group([
    ['type', dataset(['CUBA'], [])],
    ['iDecay', integer(neurons.iDecay)],
    ['vDecay', integer(neurons.vDecay)],
    ['vThMant', integer(neurons.vThMant)],
    ['refDelay', integer(1)],
    ['gradedSpike', integer(0)],
  ]);
