import type { Planes, Sliding } from '../../kernels/conv.ts';
import { BatchNorm } from '../../layers/batch_norm.ts';
import { Conv2d } from '../../layers/conv2d.ts';
import { Flatten } from '../../layers/flatten.ts';
import type { Layer } from '../../layers/layer.ts';
import { Linear } from '../../layers/linear.ts';
import { Neurons } from '../../layers/neurons.ts';
import type { Sequential } from '../../layers/sequential.ts';
import { slide } from '../../layers/window.ts';
import type { Verdict } from '../exported.ts';
import { effectiveWeights } from '../weights.ts';
import { type Current, folded } from './fold.ts';
import type { NetxLayer } from './layers.ts';
import { cubaForm } from './neuron.ts';
import { quantise } from './quantise.ts';
import { inUnits } from './units.ts';

/** What a net is in NetX, and what is to be said about it. */
export interface Plan extends Verdict {
  /** Whole only where nothing is refused. */
  readonly layers: readonly NetxLayer[];
}

const REFUSED: Readonly<Record<string, string>> = {
  AvgPool2d: "NetX reads no pooling (its 'pool' and 'average' are not implemented there)",
  SumPool2d: "NetX reads no pooling (its 'pool' and 'average' are not implemented there)",
  Residual: "NetX's layers are a chain, without branches",
  Parallel: "NetX's layers are a chain, without branches",
  Encode: 'a NetX file begins at spikes: make them outside the net (encode.onHost)',
  ConstantCurrent: 'a NetX file begins at spikes: make them outside the net',
  LSTM: 'has no spikes',
  GRU: 'has no spikes',
};

/** Identity weights of a layer that takes spikes without any. */
const MOST_IDENTITY = 4096;

/** A net in Loihi's integers. @param scale units in 1, see `quantise` */
export function planOf(net: Sequential, scale?: number): Plan {
  const [refused, lost, notes] = [[] as string[], [] as string[], [] as string[]];
  const layers: NetxLayer[] = [];
  let current: Current | null = null;
  let planes: Planes | null = null;

  const emit = (label: string, layer: Neurons): string | null => {
    const form = cubaForm(layer);
    if (typeof form === 'string') return form;
    const given: Current | null = layer.params.weight ? denseOf(layer) : current;
    if (layer.params.weight && current) return 'has weights of its own behind other weights: multiply the two matrices';
    if (!given && layer.inputs > MOST_IDENTITY)
      return `takes ${layer.inputs} currents without weights, of which NetX would need a matrix; at most ${MOST_IDENTITY} can be had`;
    const whole = given ?? identity(layer.inputs);
    const { window } = whole;
    if (window && layers.length > 0 && planes?.join() !== window.input.join())
      return `convolves planes [${window.input.join(', ')}], which the layer before does not make; NetX takes their shape from there`;
    if (window && layer.recurrence) return 'is recurrent behind a convolution; NetX has recurrent dense layers alone';
    const drawn = inUnits(form, whole, recurrentOf(layer), layer.outputs);
    if (typeof drawn === 'string') return drawn;
    if (form.synaptic && drawn.bias)
      return 'has a bias that goes through the synaptic current; on Loihi it acts on the voltage';
    const quantised = quantise(drawn, scale);
    if (typeof quantised === 'string') return quantised;
    const say = (what: string): string => `${label}: ${what}`;
    lost.push(...drawn.lost.map(say), ...quantised.lost.map(say));
    if (form.spikeTest === '>=') lost.push(say('fires at the threshold; on Loihi v must be above it'));
    for (const matrix of [quantised.weight, quantised.recurrent])
      if (matrix?.every((w) => w === 0))
        notes.push(say("has a matrix of zeros, on which lava-dl's reader divides by 0"));
    const { weight, recurrent, bias, neurons } = quantised;
    const meaning = { label, scale: quantised.scale, record: form.record, units: drawn.units };
    if (window) {
      if (layers.length === 0) layers.push({ type: 'input', shape: window.input });
      layers.push({ type: 'conv', window, weight, bias, neurons, meaning });
    } else {
      if (planes) layers.push({ type: 'flatten', shape: planes });
      layers.push({
        type: 'dense',
        inputs: weight.length / layer.outputs,
        outputs: layer.outputs,
        weight,
        recurrent,
        bias,
        neurons,
        meaning,
      });
    }
    planes = window ? window.output : null;
    current = null;
    return null;
  };

  const take = (label: string, layer: Layer): string | null => {
    const { kind } = layer.config;
    if (kind === 'Dropout' || layer instanceof Flatten) return null;
    if (layer instanceof BatchNorm) {
      if (!current) return 'normalises what no Linear or Conv2d right before it makes';
      const result = folded(current, layer);
      if (typeof result === 'string') return result;
      current = result;
      return null;
    }
    if (layer instanceof Linear || layer instanceof Conv2d) {
      if (current) return `follows ${current.label} without neurons between them: multiply the two matrices`;
      if (layer instanceof Conv2d && !symmetric(layer.window))
        return "has more zeros behind the planes than before them (padding 'same' of an even kernel); NetX pads alike";
      current = layer instanceof Linear ? denseOf(layer, label) : convOf(layer, label);
      return null;
    }
    return layer instanceof Neurons && !REFUSED[kind]
      ? emit(label, layer)
      : (REFUSED[kind] ?? 'is nothing that NetX has');
  };

  const places = new Map<Layer, string>();
  for (const [place, layer] of chain(net)) {
    const label = `${place} ${layer.config.kind}`;
    const why = take(label, layer);
    if (why) {
      refused.push(`${label}: ${why}`);
      // what it would have used is used
      current = null;
    }
    const before = places.get(layer);
    if (before && Object.values(layer.params).some((p) => p.trainable))
      notes.push(`${label} is ${before} again; the file has it twice`);
    places.set(layer, label);
  }
  const rest = current as Current | null;
  if (rest) refused.push(`${rest.label}: is followed by no neurons, and every NetX layer spikes: end the net at a LIF`);
  if (layers.length === 0 && refused.length === 0) refused.push('the net has no neurons, and every NetX layer spikes');
  notes.push(
    'lava runs each layer a step after the one before it: the spikes of the k-th come k steps later there' +
      (layers.some((l) => 'bias' in l && l.bias) ? ', and biases act from the first step on' : ''),
  );
  return { layers, refused, lost, notes };
}

/** The layers of a chain, through Sequentials within it. */
function* chain(layer: Layer, place = ''): Generator<readonly [place: string, layer: Layer]> {
  for (const [name, child] of Object.entries(layer.children)) {
    const at = place ? `${place}.${name}` : name;
    if (child.config.kind === 'Sequential') yield* chain(child, at);
    else yield [at, child];
  }
}

const biasOf = (layer: Layer): Float64Array | null => (layer.params.bias ? effectiveWeights(layer, 'bias') : null);

const denseOf = (layer: Layer, label = layer.label): Current => ({
  label,
  weight: effectiveWeights(layer, 'weight'),
  bias: biasOf(layer),
  window: null,
});

const convOf = (layer: Conv2d, label: string): Current => ({ ...denseOf(layer, label), window: layer.window });

function identity(N: number): Current {
  const weight = new Float64Array(N * N);
  for (let i = 0; i < N; i++) weight[i * N + i] = 1;
  return { label: 'identity', weight, bias: null, window: null };
}

function recurrentOf(layer: Neurons): Float64Array | null {
  if (!layer.recurrence) return null;
  const values = effectiveWeights(layer, 'recurrent.weight');
  if (layer.recurrence === 'dense') return values;
  const N = layer.outputs;
  const diagonal = new Float64Array(N * N);
  for (let i = 0; i < N; i++) diagonal[i * N + i] = values[i]!;
  return diagonal;
}

/** Whether as many zeros before and behind the planes give the same output. */
function symmetric({ input, output, kernel, stride, padding, dilation, groups }: Sliding): boolean {
  const alike = slide('netx', input, output[0], { kernel, stride, padding, dilation, groups });
  return alike.output.join() === output.join();
}
