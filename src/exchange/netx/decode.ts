import { Conv2d } from '../../layers/conv2d.ts';
import { CubaLIF } from '../../layers/cuba_lif.ts';
import { Flatten } from '../../layers/flatten.ts';
import { IF } from '../../layers/if.ts';
import type { Layer } from '../../layers/layer.ts';
import { LIF } from '../../layers/lif.ts';
import { Sequential } from '../../layers/sequential.ts';
import { hasNeurons, type NetxLayer, type NeuronLayer, outputsOf } from './layers.ts';
import { UNITY } from './loihi.ts';

/** The slowest decay that float32 tells from 1. */
const SLOWEST = 1 - 2 ** -24;

/** Reset to 0 in the spike's own step, above the threshold, inputs in full: as on Loihi. */
const RESET = { spikeTest: '>', reset: 'zero', resetMoment: 'same step' } as const;

/**
 * The net of a NetX file: its decays, thresholds and weights in units of 1, `scale` of the file's. It differs from the file in one thing: it does not drop
 * what is below an integer.
 *
 * @throws when there is no layer of ours that does what one of the file's does
 */
export function netOf(layers: readonly NetxLayer[]): { net: Sequential; notes: string[] } {
  const notes: string[] = [];
  const made = layers.flatMap((layer, i): Made[] => {
    if (!hasNeurons(layer)) return layer.type === 'flatten' ? [[new Flatten(layer.shape), []]] : [];
    try {
      return layersOf(layer, `/layer/${i}`, notes);
    } catch (cause) {
      throw new Error(`netx: /layer/${i} ${(cause as Error).message}`, { cause });
    }
  });
  const net = new Sequential(...made.map(([layer]) => layer));
  // only now: weights that are all 0 are taken for weights that are to be drawn
  for (const [layer, values] of made) for (const [name, numbers] of values) layer.params[name]!.data.set(numbers);
  return { net, notes };
}

/** A layer with the values of its parameters. */
type Made = readonly [layer: Layer, values: readonly (readonly [name: string, values: Float64Array])[]];

function layersOf(layer: NeuronLayer, where: string, notes: string[]): Made[] {
  const { neurons, meaning, bias } = layer;
  const { scale, record } = meaning;
  const { iDecay, vDecay, vThMant } = neurons;
  if (vThMant === 0) throw new Error('has a threshold of 0; thresholds here are above 0');
  if (bias && iDecay < UNITY)
    throw new Error(
      'has a bias on the voltage beside a synaptic current; biases here are currents, which go through it',
    );
  const own = <O extends object>(options: O) => ({ ...RESET, ...options, record, threshold: vThMant / scale });
  const recurrence = recurrenceOf(layer);
  const beta = (UNITY - vDecay) / UNITY;
  const make = (sizes: [number, number] | [number]): Layer => {
    const options = own({
      ...(sizes.length === 2 && bias ? { bias: true } : {}),
      ...(recurrence ? { recurrent: recurrence } : {}),
    });
    const sized = sizes as [number, number];
    if (iDecay < UNITY) {
      if (vDecay === 0)
        notes.push(`${where}: has no leak (vDecay 0); here v decays by ${SLOWEST}, the slowest there is`);
      return new CubaLIF(...sized, { ...options, alpha: (UNITY - iDecay) / UNITY, beta: Math.min(beta, SLOWEST) });
    }
    return vDecay === 0 ? new IF(...sized, options) : new LIF(...sized, { ...options, beta });
  };
  const ofUnits = (units: Int32Array): Float64Array => Float64Array.from(units, (w) => w / scale);
  const values: [string, Float64Array][] = [
    ['weight', ofUnits(layer.weight)],
    ...(bias ? [['bias', ofUnits(bias)] as [string, Float64Array]] : []),
  ];
  if (layer.type === 'conv') {
    const { input, output, kernel, stride, padding, dilation, groups } = layer.window;
    const conv = new Conv2d(input, output[0], kernel, { stride, padding, dilation, groups, bias: bias !== null });
    return [
      [conv, values],
      [make([outputsOf(layer)]), []],
    ];
  }
  const cells = make([layer.inputs, layer.outputs]);
  const { recurrent, outputs: N } = layer;
  if (recurrence === 'dense') values.push(['recurrent.weight', ofUnits(recurrent!)]);
  if (recurrence === 'one-to-one')
    values.push(['recurrent.weight', ofUnits(Int32Array.from({ length: N }, (_, n) => recurrent![n * N + n]!))]);
  return [[cells, values]];
}

/** Recurrent weights are among all neurons but not to themselves, or of each to itself alone. */
function recurrenceOf(layer: NeuronLayer): 'dense' | 'one-to-one' | null {
  if (layer.type === 'conv' || !layer.recurrent) return null;
  const { recurrent, outputs: N } = layer;
  const onDiagonal = (i: number): boolean => Math.floor(i / N) === i % N;
  const self = recurrent.some((w, i) => w !== 0 && onDiagonal(i));
  if (!self) return 'dense';
  if (recurrent.some((w, i) => w !== 0 && !onDiagonal(i)))
    throw new Error(`has recurrent weights of neurons on themselves beside others; a layer here has either`);
  return 'one-to-one';
}
