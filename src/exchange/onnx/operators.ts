import { meaning } from '../../neurons/expr.ts';
import { TYPE } from './model.ts';
import { given, intAttribute, intsAttribute, type Operator } from './operator.ts';
import { averagePool, conv } from './sliding.ts';
import { axisOf, broadcast, places, sizeOf, type Value, wholeNumbers } from './values.ts';

const unary =
  (f: (x: number) => number): Operator =>
  (inputs, _, make) => {
    const x = given(inputs, 0);
    const y = make.make(x.dims, x.type);
    for (let i = 0; i < y.data.length; i++) y.data[i] = f(x.data[i]!);
    return [y];
  };

const binary =
  (f: (a: number, b: number) => number, type?: number): Operator =>
  (inputs, _, make) => {
    const [a, b] = [given(inputs, 0), given(inputs, 1)];
    const y = make.make(broadcast(a.dims, b.dims), type ?? a.type);
    const [atA, atB] = [places(a.dims, y.dims), places(b.dims, y.dims)];
    for (let i = 0; i < y.data.length; i++) y.data[i] = f(a.data[atA(i)]!, b.data[atB(i)]!);
    return [y];
  };

const where: Operator = (inputs, _, make) => {
  const [c, a, b] = [given(inputs, 0), given(inputs, 1), given(inputs, 2)];
  const y = make.make(broadcast(broadcast(c.dims, a.dims), b.dims), a.type);
  const [atC, atA, atB] = [places(c.dims, y.dims), places(a.dims, y.dims), places(b.dims, y.dims)];
  for (let i = 0; i < y.data.length; i++) y.data[i] = c.data[atC(i)] ? a.data[atA(i)]! : b.data[atB(i)]!;
  return [y];
};

const isReal = (type: number): boolean => type === TYPE.float || type === TYPE.double;

const cast: Operator = (inputs, node, make) => {
  const x = given(inputs, 0);
  const y = make.make(x.dims, intAttribute(node, 'to'));
  for (let i = 0; i < y.data.length; i++)
    y.data[i] = y.type === TYPE.bool ? Number(x.data[i] !== 0) : isReal(y.type) ? x.data[i]! : Math.trunc(x.data[i]!);
  return [y];
};

/** [..., M, K] times [K, N]. */
const matMul: Operator = (inputs, _, make) => {
  const [a, b] = [given(inputs, 0), given(inputs, 1)];
  const K = a.dims.at(-1) ?? 0;
  if (a.dims.length < 2 || b.dims.length !== 2 || b.dims[0] !== K)
    throw new Error(`cannot multiply [${a.dims.join(', ')}] by [${b.dims.join(', ')}]`);
  const N = b.dims[1]!;
  const y = make.make([...a.dims.slice(0, -1), N], a.type, K);
  for (let m = 0; m < y.data.length / N; m++) {
    for (let k = 0; k < K; k++) {
      const x = a.data[m * K + k]!;
      // spikes are mostly 0
      if (x === 0) continue;
      for (let n = 0; n < N; n++) y.data[m * N + n]! += x * b.data[k * N + n]!;
    }
  }
  return [y];
};

const transpose: Operator = (inputs, node, make) => {
  const x = given(inputs, 0);
  const perm = intsAttribute(node, 'perm');
  if (x.dims.length !== 2 || perm.join() !== '1,0')
    throw new Error(`is run for a matrix and perm [1, 0], got [${x.dims.join(', ')}] and [${perm.join(', ')}]`);
  const [R, C] = x.dims as [number, number];
  const y = make.make([C, R], x.type);
  for (let r = 0; r < R; r++) for (let c = 0; c < C; c++) y.data[c * R + r] = x.data[r * C + c]!;
  return [y];
};

/** A copy with another shape. */
const reshaped = (x: Value, dims: readonly number[]): Value => {
  if (sizeOf(dims) !== x.data.length) throw new Error(`cannot make [${x.dims.join(', ')}] into [${dims.join(', ')}]`);
  return { ...x, dims };
};

const reshape: Operator = (inputs) => {
  const x = given(inputs, 0);
  const asked = wholeNumbers(given(inputs, 1)).map((n, i) => (n === 0 ? (x.dims[i] ?? 0) : n));
  if (asked.length > 16 || asked.some((n) => n < -1)) throw new Error(`no shape: [${asked.join(', ')}]`);
  const known = sizeOf(asked.filter((n) => n !== -1));
  return [
    reshaped(
      x,
      asked.map((n) => (n === -1 ? x.data.length / known : n)),
    ),
  ];
};

const unsqueeze: Operator = (inputs) => {
  const x = given(inputs, 0);
  const asked = wholeNumbers(given(inputs, 1));
  if (asked.length > 16) throw new Error(`${asked.length} new axes are too many`);
  const rank = x.dims.length + asked.length;
  const axes = new Set(asked.map((a) => axisOf(a, rank)));
  if (axes.size !== asked.length) throw new Error(`an axis is asked for twice: [${asked.join(', ')}]`);
  const rest = [...x.dims];
  return [
    reshaped(
      x,
      Array.from({ length: rank }, (_, i) => (axes.has(i) ? 1 : rest.shift()!)),
    ),
  ];
};

const expand: Operator = (inputs, _, make) => {
  const x = given(inputs, 0);
  const y = make.make(broadcast(x.dims, wholeNumbers(given(inputs, 1))), x.type);
  const at = places(x.dims, y.dims);
  for (let i = 0; i < y.data.length; i++) y.data[i] = x.data[at(i)]!;
  return [y];
};

const shape: Operator = (inputs, _, make) => {
  const { dims } = given(inputs, 0);
  const y = make.make([dims.length], TYPE.int64);
  y.data.set(dims);
  return [y];
};

const range: Operator = (inputs, _, make) => {
  const [from, to, by] = [0, 1, 2].map((i) => given(inputs, i).data[0] ?? Number.NaN) as [number, number, number];
  const y = make.make([Math.max(0, Math.ceil((to - from) / by))], given(inputs, 0).type);
  for (let i = 0; i < y.data.length; i++) y.data[i] = from + i * by;
  return [y];
};

/** Rows of a table. */
const gather: Operator = (inputs, node, make) => {
  const [x, rows] = [given(inputs, 0), given(inputs, 1)];
  if (intAttribute(node, 'axis', 0) !== 0) throw new Error('is run for axis 0');
  const [count = 0, ...row] = x.dims;
  const y = make.make([...rows.dims, ...row], x.type);
  const size = sizeOf(row);
  rows.data.forEach((r, i) => {
    const at = axisOf(r, count);
    y.data.set(x.data.subarray(at * size, (at + 1) * size), i * size);
  });
  return [y];
};

/** A part of the first axis. */
const slice: Operator = (inputs, _, make) => {
  const x = given(inputs, 0);
  const [count = 0, ...row] = x.dims;
  if (inputs[3] && wholeNumbers(inputs[3]).join() !== '0') throw new Error('is run for axis 0');
  if (inputs[4]) throw new Error('is run without steps');
  const end = (i: number): number => {
    const at = given(inputs, i).data[0] ?? 0;
    return Math.min(count, Math.max(0, at < 0 ? at + count : at));
  };
  const [from, to] = [end(1), end(2)];
  const y = make.make([Math.max(0, to - from), ...row], x.type);
  y.data.set(x.data.subarray(from * sizeOf(row), from * sizeOf(row) + y.data.length));
  return [y];
};

const concat: Operator = (inputs, node, make) => {
  const parts = inputs.map((_, i) => given(inputs, i));
  const first = given(inputs, 0);
  const axis = axisOf(intAttribute(node, 'axis'), first.dims.length);
  for (const { dims } of parts)
    if (dims.length !== first.dims.length || dims.some((n, i) => i !== axis && n !== first.dims[i]))
      throw new Error(`[${dims.join(', ')}] does not go beside [${first.dims.join(', ')}]`);
  const dims = first.dims.map((n, i) => (i === axis ? parts.reduce((sum, p) => sum + p.dims[axis]!, 0) : n));
  const y = make.make(dims, first.type);
  const row = sizeOf(dims.slice(axis));
  let from = 0;
  for (const { data, dims: own } of parts) {
    const size = sizeOf(own.slice(axis));
    for (let i = 0; size > 0 && i < data.length / size; i++)
      y.data.set(data.subarray(i * size, (i + 1) * size), i * row + from);
    from += size;
  }
  return [y];
};

/** Parts of the last axis. */
const split: Operator = (inputs, node, make) => {
  const [x, sizes] = [given(inputs, 0), wholeNumbers(given(inputs, 1))];
  const row = x.dims.at(-1) ?? 0;
  if (axisOf(intAttribute(node, 'axis', 0), x.dims.length) !== x.dims.length - 1)
    throw new Error('is run for the last axis');
  if (sizes.some((n) => n < 0) || sizes.reduce((a, b) => a + b, 0) !== row || sizes.length !== node.outputs.length)
    throw new Error(`cannot cut ${row} into [${sizes.join(', ')}] for ${node.outputs.length} outputs`);
  let from = 0;
  return sizes.map((size) => {
    const y = make.make([...x.dims.slice(0, -1), size], x.type);
    for (let i = 0; size > 0 && i < y.data.length / size; i++)
      y.data.set(x.data.subarray(i * row + from, i * row + from + size), i * size);
    from += size;
    return y;
  });
};

/** Every operator that exported nets have but Scan, by its name. */
export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['Abs', unary(Math.abs)],
  ['Atan', unary(Math.atan)],
  ['Cos', unary(Math.cos)],
  ['Exp', unary(Math.exp)],
  ['Log', unary(Math.log)],
  ['Neg', unary((x) => -x)],
  ['Not', unary((x) => (x ? 0 : 1))],
  ['Sin', unary(Math.sin)],
  ['Sqrt', unary(Math.sqrt)],
  ['Tanh', unary(Math.tanh)],
  ['Erf', unary((x) => meaning.erf(x, 0, 0))],
  ['Identity', (inputs) => [given(inputs, 0)]],
  ['Add', binary((a, b) => a + b)],
  ['Sub', binary((a, b) => a - b)],
  ['Mul', binary((a, b) => a * b)],
  ['Div', binary((a, b) => a / b)],
  ['Min', binary((a, b) => Math.min(a, b))],
  ['Max', binary((a, b) => Math.max(a, b))],
  ['And', binary((a, b) => (a && b ? 1 : 0), TYPE.bool)],
  ['Greater', binary((a, b) => (a > b ? 1 : 0), TYPE.bool)],
  ['GreaterOrEqual', binary((a, b) => (a >= b ? 1 : 0), TYPE.bool)],
  ['Less', binary((a, b) => (a < b ? 1 : 0), TYPE.bool)],
  ['LessOrEqual', binary((a, b) => (a <= b ? 1 : 0), TYPE.bool)],
  ['Where', where],
  ['Cast', cast],
  ['MatMul', matMul],
  ['Transpose', transpose],
  ['Reshape', reshape],
  ['Unsqueeze', unsqueeze],
  ['Expand', expand],
  ['Shape', shape],
  ['Range', range],
  ['Gather', gather],
  ['Slice', slice],
  ['Concat', concat],
  ['Split', split],
  ['Conv', conv],
  ['AveragePool', averagePool],
]);
