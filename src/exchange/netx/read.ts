import type { Pair, Planes } from '../../kernels/conv.ts';
import { slide } from '../../layers/window.ts';
import type { Hdf5Group } from '../hdf5/tree.ts';
import { Fields } from './fields.ts';
import {
  hasNeurons,
  type Meaning,
  type NetxLayer,
  type NeuronLayer,
  outputsOf,
  SLAYER_SCALE,
  sizeOf,
  unstorable,
} from './layers.ts';
import { type LoihiNeurons, RANGES } from './loihi.ts';
import { SCALES } from './quantise.ts';

/** What a file may ask for beyond what its own weights justify. */
const MOST_LAYERS = 1000;
const MOST_NEURONS = 2 ** 20;
const MOST_WEIGHTS = 2 ** 28;
const SIZE = [1, MOST_NEURONS] as const;

export interface NetxNet {
  readonly layers: readonly NetxLayer[];
  /** What was passed over. */
  readonly notes: readonly string[];
}

/** Types that a file may have and that nothing of ours computes. */
const REFUSED: Readonly<Record<string, string>> = {
  average: 'averages spikes over time; read the last layer out elsewhere',
  pool: 'pools, which NetX does not read either',
  unpool: 'unpools, which NetX does not read either',
  convT: 'is a transposed convolution, which NetX does not read either',
  concat: 'joins branches, which NetX does not read either',
  dense_comp: 'has complex weights, of resonate-and-fire neurons',
};

/**
 * A net from the tree of a NetX file.
 *
 * @param scale units of a weight in 1, where the file does not say: 64, as lava-dl's trainer has it
 * @throws naming the group and the field
 */
export function readNetxTree(root: Hdf5Group, scale = SLAYER_SCALE): NetxNet {
  const file = new Fields(root, '');
  const all = file.within('layer');
  const count = all.group.children.size;
  if (count === 0 || count > MOST_LAYERS)
    throw new Error(`netx: /layer has ${count} groups, expected 1 to ${MOST_LAYERS}`);
  const notes: string[] = [];
  const layers: NetxLayer[] = [];
  const meanings = meaningsOf(file, scale);
  let width: number | null = null;
  let planes: Planes | null = null;
  for (let i = 0; i < count; i++) {
    const at = all.within(String(i));
    const type = at.text('type');
    if (type === 'input' || type === 'flatten') {
      const shape = shapeOf(at);
      if (type === 'input' && i > 0) at.fail("is an 'input' behind other layers");
      if (at.has('neuron'))
        at.fail('is an input with neurons of its own, which make spikes of values: make them outside the net');
      if (width !== null && width !== sizeOf(shape))
        at.fail(`has ${sizeOf(shape)} numbers by its shape, the layer before has ${width}`);
      width = sizeOf(shape);
      planes = type === 'input' ? shape : null;
      layers.push({ type, shape });
      continue;
    }
    const own: Meaning = meanings(layers.filter(hasNeurons).length);
    const layer: NeuronLayer =
      type === 'conv' ? readConv(at, planes, own, notes) : readDense(at, type, width, own, notes);
    checkUnits(at, layer);
    layers.push(layer);
    width = outputsOf(layer);
    planes = layer.type === 'conv' ? layer.window.output : null;
  }
  if (!layers.some(hasNeurons)) throw new Error('netx: /layer has no layer with neurons');
  return { layers, notes };
}

function readDense(at: Fields, type: string, width: number | null, meaning: Meaning, notes: string[]): NeuronLayer {
  if (type !== 'dense' && type !== 'dense_rec')
    return at.fail(
      `is of type '${type}', which ${Object.hasOwn(REFUSED, type) ? REFUSED[type] : 'is unknown; known are input, flatten, dense, dense_rec, conv'}`,
    );
  if (!at.has('neuron')) at.fail("has no 'neuron': it is a plain sum, and every layer here spikes");
  const outputs = sizeOf(at.integers('shape', at.dataset('shape').data.length > 1 ? 3 : 1, SIZE));
  const { values, shape } = at.numbers('weight', MOST_WEIGHTS);
  const inputs = values.length / outputs;
  if (!(Number.isInteger(inputs) && inputs > 0) || (shape.length > 1 && shape[0] !== outputs))
    at.fail(`has weights of shape [${shape.join(', ')}], expected [${outputs}, inputs] for its shape`);
  for (const [name, expected] of [
    ['inFeatures', inputs],
    ['outFeatures', outputs],
  ] as const)
    if (at.has(name) && at.integer(name, SIZE) !== expected)
      at.fail(`has ${at.integer(name, SIZE)} as '${name}', its weights have ${expected}`);
  if (width !== null && width !== inputs) at.fail(`takes ${inputs} inputs, the layer before has ${width} outputs`);
  const weight = stored(at, 'weight', values.length, notes);
  const recurrent = type === 'dense_rec' ? stored(at, 'weight_rec', outputs * outputs, notes) : null;
  return { type: 'dense', inputs, outputs, weight, recurrent, ...rest(at, outputs, meaning, notes) };
}

function readConv(at: Fields, planes: Planes | null, meaning: Meaning, notes: string[]): NeuronLayer {
  if (!planes) return at.fail('is a convolution, but no input or convolution before it says the shape of its planes');
  const pair = (name: string, least: number): Pair => {
    const scalar = at.dataset(name).data.length === 1;
    const values = at.integers(name, scalar ? 1 : 2, [least, 4096]);
    return [values[0]!, values[scalar ? 0 : 1]!];
  };
  const output = at.integers('shape', 3, SIZE);
  const { shape } = at.numbers('weight', MOST_WEIGHTS);
  const groups = at.has('groups') ? at.integer('groups', SIZE) : 1;
  const kernel: Pair = at.has('kernelSize') ? pair('kernelSize', 1) : [shape[2] ?? 0, shape[3] ?? 0];
  const expected = [output[0]!, planes[0] / groups, ...kernel];
  if (shape.slice(0, 4).join() !== expected.join() || shape.slice(4).some((n) => n !== 1))
    at.fail(
      `has weights of shape [${shape.join(', ')}], expected [${expected.join(', ')}] for planes [${planes.join(', ')}]`,
    );
  if (output[0]! % groups !== 0) at.fail(`has ${output[0]} channels, which ${groups} groups do not divide`);
  const window = slide(`netx: ${at.path}`, planes, output[0]!, {
    kernel,
    stride: pair('stride', 1),
    padding: pair('padding', 0),
    dilation: pair('dilation', 1),
    groups,
  });
  if (window.output.join() !== output.join())
    at.fail(`has shape [${output.join(', ')}], its convolution makes [${window.output.join(', ')}]`);
  if (sizeOf(output) > MOST_NEURONS) at.fail(`has ${sizeOf(output)} neurons, expected at most ${MOST_NEURONS}`);
  const weight = stored(at, 'weight', sizeOf(shape), notes);
  return { type: 'conv', window, weight, ...rest(at, output[0]!, meaning, notes) };
}

/** What all layers with neurons have. */
function rest(at: Fields, biases: number, meaning: Meaning, notes: string[]) {
  if (at.has('delay') && at.numbers('delay', MOST_WEIGHTS).values.some((d) => d !== 0))
    at.fail("has delays, which no layer here has: 'delay' must be 0 or absent");
  const bias = at.has('bias') ? at.whole('bias', biases) : null;
  const [least, most] = RANGES.bias;
  const outside = bias?.find((b) => b < least || b > most);
  if (outside !== undefined) at.fail(`has a bias of ${outside}, expected ${least} .. ${most}`);
  return { bias: bias?.some((b) => b !== 0) ? bias : null, neurons: readNeurons(at.within('neuron'), notes), meaning };
}

function readNeurons(at: Fields, notes: string[]): LoihiNeurons {
  const type = at.text('type');
  if (type !== 'CUBA' && type !== 'LOIHI')
    at.fail(`has neurons of type '${type}', expected CUBA or LOIHI: no others are computed here`);
  if (at.has('refDelay')) {
    const steps = at.integer('refDelay', [0, 64]);
    if (steps > 1) notes.push(`${at.path}: refDelay ${steps} is passed over, as NetX does`);
  }
  if (at.has('gradedSpike') && at.integer('gradedSpike', [0, 1]) === 1)
    notes.push(`${at.path}: gradedSpike is passed over, as NetX does: spikes count 1`);
  const of = (name: keyof LoihiNeurons): number => at.integer(name, RANGES[name]);
  return { iDecay: of('iDecay'), vDecay: of('vDecay'), vThMant: of('vThMant') };
}

/** Weights that Loihi can store; odd ones among large ones of both signs as it stores them. */
function stored(at: Fields, name: string, count: number, notes: string[]): Int32Array {
  const weight = at.whole(name, count);
  const why = unstorable(weight);
  if (!why) return weight;
  if (!why.includes('must be even')) return at.fail(`has '${name}' that Loihi cannot store: ${why}`);
  notes.push(`${at.path}: ${name}: ${why}; they lose 1, as on Loihi`);
  return weight.map((w) => w - Math.abs(w % 2));
}

const shapeOf = (at: Fields): Planes => {
  const axes = at.dataset('shape').data.length;
  if (axes > 3) at.fail(`has a shape of ${axes} axes, expected at most 3`);
  const shape = at.integers('shape', axes, SIZE);
  if (!(sizeOf(shape) <= MOST_NEURONS))
    at.fail(`has ${sizeOf(shape)} numbers by its shape, expected at most ${MOST_NEURONS}`);
  const [C, H, W] = [...shape, 1, 1];
  return [C!, H!, W!];
};

/** What our own files say beside NetX, by layers of neurons. */
function meaningsOf(file: Fields, scale: number): (layer: number) => Meaning {
  const plain: Meaning = { label: null, scale, record: 'after reset', units: null };
  if (!file.has('spiketape')) return () => plain;
  const own = file.within('spiketape');
  const texts = (name: string): readonly string[] => {
    const { data } = own.dataset(name);
    return ArrayBuffer.isView(data) ? own.fail(`has numbers in '${name}', expected texts`) : data;
  };
  const [labels, record] = [texts('labels'), texts('record')];
  const { values: scales } = own.numbers('scale', MOST_LAYERS);
  if (labels.length !== scales.length || record.length !== scales.length)
    own.fail(`has ${labels.length} labels, ${scales.length} scales and ${record.length} records, expected one a layer`);
  const units = own.has('units') ? own.within('units') : null;
  return (layer) => {
    const [label, its, kept] = [labels[layer], scales[layer], record[layer]];
    if (its === undefined) return own.fail(`says nothing of layer ${layer} of neurons`);
    if (!(its >= SCALES[0] && its <= SCALES[1])) own.fail(`has a scale of ${its}, expected 2^-20 .. 2^20`);
    if (kept !== 'before reset' && kept !== 'after reset')
      return own.fail(`has record '${kept}', expected 'before reset' or 'after reset'`);
    const unit = units?.has(String(layer)) ? units.numbers(String(layer), MOST_NEURONS).values : null;
    if (unit?.some((x) => !(x > 0))) own.fail(`has units of layer ${layer} that are not above 0`);
    return { label: label || null, scale: its, record: kept, units: unit };
  };
}

function checkUnits(at: Fields, { meaning, ...layer }: NeuronLayer): void {
  const N = outputsOf(layer as NeuronLayer);
  if (meaning.units && meaning.units.length !== N)
    at.fail(`has ${N} neurons, /spiketape/units has ${meaning.units.length} for them`);
}
