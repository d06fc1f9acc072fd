import type { NirArray, NirNode, NirValue } from './graph.ts';

export type Shape = readonly number[];

/** What goes into a node and what comes out, without batch and time. */
export interface NodeShapes {
  readonly input: Shape;
  readonly output: Shape;
}

/** What may stand in a field. */
export interface Field {
  /**
   * `common`: of the one shape that all such fields of the node have; `array`: see the primitive's shapes; `axes`: an integer for each
   * axis of space, or one for all; `integer`: one; `shape`: a list of integers from 1 on.
   */
  readonly kind: 'common' | 'array' | 'axes' | 'integer' | 'shape';
  /** What its absence stands for; a field without it is required. */
  readonly absent?: number | 'nothing';
  /** Texts that may stand instead of numbers. */
  readonly words?: readonly string[];
  readonly least?: number;
  readonly above?: number;
}

/** What goes into a node, as far as it is known before the graph is, and what comes out. */
interface Primitive {
  readonly fields: Readonly<Record<string, Field>>;
  /** Whether it remembers: a loop of edges needs one that does. */
  readonly state: boolean;
  /** Axes of space. */
  readonly axes: number;
  /**
   * @param given what leads into it; null where that is not known
   * @returns null where `given` is needed and null
   * @throws what does not fit, without the node's name
   */
  shapes(node: NirNode, given: Shape | null): NodeShapes | null;
}

const common: Field = { kind: 'common' };
const positive: Field = { kind: 'common', above: 0 };
const array: Field = { kind: 'array' };
const shape: Field = { kind: 'shape', least: 1 };
const sizes: Field = { kind: 'axes', least: 1 };
const padding: Field = { kind: 'axes', least: 0 };

/** What comes out has the shape of what goes in, which all fields of the kind `common` have. */
function pointwise(state: boolean, fields: Readonly<Record<string, Field>>): Primitive {
  const [first] = Object.keys(fields);
  return {
    fields,
    state,
    axes: 0,
    shapes(node) {
      const own = arrayOf(node, first!).shape;
      if (own.length === 0)
        throw new Error(`${first} must be an array with a number for each neuron, got a single number`);
      for (const [name, { absent }] of Object.entries(fields)) {
        const value = node.fields[name];
        if (value === undefined || sameShape(arrayOf(node, name).shape, own)) continue;
        // as nir does with the one that it fills in itself
        if (absent === 1 && arrayOf(node, name).shape.length === 0) continue;
        throw new Error(`${name} has the shape [${arrayOf(node, name).shape}], ${first} [${own}]; expected the same`);
      }
      return { input: own, output: own };
    },
  };
}

const virtual: Primitive = {
  fields: { shape },
  state: false,
  axes: 0,
  shapes(node) {
    const own = listOf(node, 'shape');
    return { input: own, output: own };
  },
};

function linear(fields: Readonly<Record<string, Field>>): Primitive {
  return {
    fields,
    state: false,
    axes: 0,
    shapes(node) {
      const { shape: w } = arrayOf(node, 'weight');
      if (w.length < 2) throw new Error(`weight must have two dimensions or more, [outputs, inputs], got [${w}]`);
      const before = w.slice(0, -2);
      const output = [...before, w.at(-2)!];
      const bias = node.fields.bias && arrayOf(node, 'bias').shape;
      if (bias && !sameShape(bias, output) && !sameShape(bias, [w.at(-2)!]))
        throw new Error(`bias has the shape [${bias}]; expected [${output}] as the weight [${w}] has outputs`);
      return { input: [...before, w.at(-1)!], output };
    },
  };
}

function convolution(axes: number): Primitive {
  const letters = axes === 1 ? 'K' : 'KH, KW';
  return {
    fields: {
      input_shape: sizes,
      weight: array,
      stride: sizes,
      padding: { ...padding, words: ['same', 'valid'] },
      dilation: sizes,
      groups: { kind: 'integer', least: 1 },
      bias: array,
    },
    state: false,
    axes,
    shapes(node) {
      const { shape: w } = arrayOf(node, 'weight');
      if (w.length !== axes + 2)
        throw new Error(`weight must have ${axes + 2} dimensions, [outputs, inputs / groups, ${letters}], got [${w}]`);
      const [outputs, perGroup] = w as [number, number];
      const groups = listOf(node, 'groups')[0]!;
      if (outputs % groups !== 0)
        throw new Error(`groups is ${groups}, which does not divide the ${outputs} outputs of the weight [${w}]`);
      const bias = arrayOf(node, 'bias').shape;
      if (!sameShape(bias, [outputs])) throw new Error(`bias has the shape [${bias}]; expected [${outputs}]`);
      const space = axesOf(node, 'input_shape', axes);
      return { input: [perGroup * groups, ...space], output: [outputs, ...convolved(node, space, w.slice(2))] };
    },
  };
}

/** Sizes of space after a convolution, by PyTorch's rule for each axis. */
function convolved(node: NirNode, space: Shape, kernel: Shape): number[] {
  const n = space.length;
  const [stride, dilation] = [axesOf(node, 'stride', n), axesOf(node, 'dilation', n)];
  const word = node.fields.padding;
  if (word === 'same') {
    if (stride.some((s) => s !== 1)) throw new Error(`padding is 'same', which needs a stride of 1, got [${stride}]`);
    return [...space];
  }
  const pad = word === 'valid' ? kernel.map(() => 0) : axesOf(node, 'padding', n);
  return space.map((size, i) => {
    const span = dilation[i]! * (kernel[i]! - 1) + 1;
    const out = Math.floor((size + 2 * pad[i]! - span) / stride[i]!) + 1;
    if (out < 1) throw new Error(`a kernel that spans ${span} does not fit into ${size} with a padding of ${pad[i]}`);
    return out;
  });
}

const pooling: Primitive = {
  fields: { kernel_size: sizes, stride: sizes, padding },
  state: false,
  axes: 2,
  shapes(node, given) {
    if (!given) return null;
    if (given.length !== 3) throw new Error(`expected [channels, height, width], got [${given}]`);
    const dilated: NirNode = { ...node, fields: { ...node.fields, dilation: integers([1, 1]) } };
    return { input: given, output: [given[0]!, ...convolved(dilated, given.slice(1), axesOf(node, 'kernel_size', 2))] };
  },
};

const flatten: Primitive = {
  fields: {
    start_dim: { kind: 'integer', absent: 1 },
    end_dim: { kind: 'integer', absent: -1 },
    input_type: { ...shape, absent: 'nothing' },
  },
  state: false,
  axes: 0,
  shapes(node, given) {
    const input = node.fields.input_type ? listOf(node, 'input_type') : given;
    if (!input) return null;
    const at = (name: string, absent: number): number => {
      const dim = node.fields[name] === undefined ? absent : listOf(node, name)[0]!;
      if (dim < -input.length || dim >= input.length)
        throw new Error(`${name} is ${dim}; what goes in, [${input}], has ${input.length} dimensions`);
      return dim < 0 ? dim + input.length : dim;
    };
    const [start, end] = [at('start_dim', 1), at('end_dim', -1)];
    if (start > end) throw new Error(`start_dim ${start} lies behind end_dim ${end}`);
    const middle = input.slice(start, end + 1).reduce((a, b) => a * b, 1);
    return { input, output: [...input.slice(0, start), middle, ...input.slice(end + 1)] };
  },
};

const reset: Field = { kind: 'common', absent: 0 };
const weightOfInput: Field = { kind: 'common', absent: 1 };

/**
 * Every primitive of the specification but `NIRGraph`, by its type: fields, and how shapes follow. Fields and rules are those of nir
 * 1.0.8, with two corrections: a kernel's two sizes count each for its own axis, and `groups` multiplies the inputs of a convolution.
 */
export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map<string, Primitive>([
  ['Input', virtual],
  ['Output', virtual],
  ['Affine', linear({ weight: array, bias: array })],
  ['Linear', linear({ weight: array })],
  ['Scale', pointwise(false, { scale: common })],
  ['Conv1d', convolution(1)],
  ['Conv2d', convolution(2)],
  ['SumPool2d', pooling],
  ['AvgPool2d', pooling],
  ['Flatten', flatten],
  ['Delay', pointwise(true, { delay: { kind: 'common', least: 0 } })],
  ['Threshold', pointwise(false, { threshold: common })],
  ['I', pointwise(true, { r: common })],
  ['IF', pointwise(true, { r: common, v_threshold: common, v_reset: reset })],
  ['LI', pointwise(true, { tau: positive, r: common, v_leak: common })],
  ['LIF', pointwise(true, { tau: positive, r: common, v_leak: common, v_threshold: common, v_reset: reset })],
  ['CubaLI', pointwise(true, { tau_syn: positive, tau_mem: positive, r: common, v_leak: common, w_in: weightOfInput })],
  [
    'CubaLIF',
    pointwise(true, {
      tau_syn: positive,
      tau_mem: positive,
      r: common,
      v_leak: common,
      v_threshold: common,
      v_reset: reset,
      w_in: weightOfInput,
    }),
  ],
]);

/** Numbers of a field. @throws where it is absent or a text */
export function arrayOf(node: NirNode, name: string): NirArray {
  const value = node.fields[name];
  if (value === undefined) throw new Error(`${name} is missing`);
  if (typeof value === 'string') throw new Error(`${name} must be numbers, got '${value}'`);
  return value;
}

/** Numbers of a field as a list. */
export const listOf = (node: NirNode, name: string): number[] => [...arrayOf(node, name).data];

/** A number for each of so many axes, where one may stand for all. */
export function axesOf(node: NirNode, name: string, axes: number): number[] {
  const list = listOf(node, name);
  return list.length === 1 ? new Array<number>(axes).fill(list[0]!) : list;
}

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** A list of integers as a field has it. */
export const integers = (list: readonly number[]): NirArray => ({
  shape: [list.length],
  data: Float64Array.from(list),
});

export const isText = (value: NirValue): value is string => typeof value === 'string';
