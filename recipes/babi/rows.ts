import { gatherRows, type Lowering, type Op, quads, type Storage, type Tensor } from 'spiketape';

/**
 * Which rows are added up to make each row of a result: row r is the sum of `index[k]` for k in `begin[r] .. begin[r + 1]`.
 * `table` is begin, then index.
 */
export type Lists = Uint32Array;

/** Lists as a table that holds up to `capacity` entries, so that steps with fewer have the same form. */
export function listsOf(
  rows: number,
  capacity: number,
  rowsOf: (r: number, add: (row: number) => void) => void,
): Lists {
  const table = new Uint32Array(rows + 1 + capacity);
  let at = 0;
  const add = (row: number): void => {
    table[rows + 1 + at++] = row;
  };
  for (let r = 0; r < rows; r++) {
    table[r] = at;
    rowsOf(r, add);
  }
  table[rows] = at;
  return table;
}

/** The lists turned round: for each of n rows from `first` on, the rows that it was added to, in their order. */
export function turned(lists: Lists, rows: number, first: number, n: number, capacity: number): Lists {
  const table = new Uint32Array(n + 1 + capacity);
  const end = lists[rows]!;
  const count = table.subarray(1);
  for (let k = 0; k < end; k++) {
    const to = lists[rows + 1 + k]! - first;
    if (to >= 0 && to < n) count[to]!++;
  }
  for (let i = 1; i <= n; i++) table[i]! += table[i - 1]!;
  const next = table.slice(0, n);
  for (let r = 0; r < rows; r++) {
    for (let k = lists[r]!; k < lists[r + 1]!; k++) {
      const to = lists[rows + 1 + k]! - first;
      if (to >= 0 && to < n) table[n + 1 + next[to]!++] = r;
    }
  }
  return table;
}

interface Attrs {
  /** How many rows of the result's width are side by side in a row of a. */
  readonly parts: number;
}

const rowsOf = (shape: readonly number[]): number => shape.slice(0, -1).reduce((n, k) => n * k, 1);

const op: Op<Attrs> = {
  name: 'sums of rows',
  key: ({ parts }) => String(parts),
  cost(node) {
    const y = node.outputs[0]!;
    const rows = rowsOf(y.shape);
    const lists = y.tape.data.get(node.inputs[2]!.id) as Uint32Array;
    return { sums: true, adds: (y.shape.at(-1)! * lists[rows]!) / rows };
  },
  forward(low, node) {
    const [a, b, lists] = node.inputs as [Tensor, Tensor | null, Tensor];
    const y = node.outputs[0]!;
    gather(low, node.label, {
      lists: low.of(lists),
      a: low.of(a),
      rowsOfA: rowsOf(a.shape) * node.attrs.parts,
      b: b && low.of(b),
      to: low.give(y, low.make(y.name, 'f32', y.shape)),
      parts: 1,
    });
  },
  backward(low, node) {
    const [a, b, , turnedA, turnedB] = node.inputs;
    const y = node.outputs[0]!;
    const dy = low.gradient(y);
    if (!dy) return;
    for (const [x, lists, parts] of [
      [a, turnedA, node.attrs.parts],
      [b, turnedB, 1],
    ] as const) {
      if (!x || !low.needs(x)) continue;
      const to = low.make(`gradient of ${x.name}`, 'f32', x.shape);
      gather(low, `${node.label} gradient`, {
        lists: low.of(lists!),
        a: dy,
        rowsOfA: rowsOf(y.shape),
        b: null,
        to,
        parts,
      });
      low.addGradient(x, to);
    }
  },
};

function gather(
  low: Lowering,
  label: string,
  a: { lists: Storage; a: Storage; rowsOfA: number; b: Storage | null; to: Storage; parts: number },
): void {
  const rows = rowsOf(a.to.shape) * a.parts;
  const Q = quads(a.to.shape.at(-1)!) / a.parts;
  low.call(gatherRows, label, {
    dims: { rows, Q, rows_a: a.rowsOfA },
    buffers: { table: a.lists, a: a.a, b: a.b, result: a.to },
    groups: [Math.ceil(Q / 8), Math.ceil(rows / 8), 1],
  });
}

const words = (x: Tensor, name: string, table: Lists): Tensor =>
  x.tape.place({ form: 'words', shape: [table.length], requiresGrad: false, name }, table);

/**
 * Each row of the result is the sum of some rows of a and b, by lists that may be others at every step.
 *
 * @param from `a` [..., parts N] dense, read as rows of width N (a multiple of 4 if there are several parts); `b` [..., N]
 *   dense, whose rows are counted on from the last one of a
 * @param lists rows of the result; `turned` ones for the gradients of a and b
 * @param shape of the result, [..., N]
 */
export function sumsOfRows(
  from: { a: Tensor; b?: Tensor; parts?: number },
  lists: { forward: Lists; a: Lists; b?: Lists },
  shape: readonly number[],
  label: string,
): Tensor {
  const { a, b = null, parts = 1 } = from;
  return a.tape.record(
    op,
    [
      a,
      b,
      words(a, 'lists', lists.forward),
      words(a, 'turned lists', lists.a),
      b && words(b, 'turned lists', lists.b!),
    ],
    [],
    { parts },
    [{ form: 'f32', shape, requiresGrad: a.requiresGrad || (b?.requiresGrad ?? false), name: label }],
    label,
  )[0]!;
}

const repeatOp: Op<{ times: number }> = {
  name: 'repeated steps',
  key: ({ times }) => String(times),
  cost: () => ({ sums: true }),
  forward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const B = x.shape[1]!;
    const rows = rowsOf(y.shape);
    const source = (r: number): number => Math.floor(r / B / node.attrs.times) * B + (r % B);
    const lists = listsOf(rows, rows, (r, add) => add(source(r)));
    const to = low.give(y, low.make(y.name, 'f32', y.shape));
    const table = low.constant('repeated steps', lists);
    gather(low, node.label, { lists: table, a: low.of(x), rowsOfA: rowsOf(x.shape), b: null, to, parts: 1 });
  },
  backward(low, node) {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const dy = low.gradient(y);
    if (!dy || !low.needs(x)) return;
    const B = x.shape[1]!;
    const { times } = node.attrs;
    const lists = listsOf(rowsOf(x.shape), rowsOf(y.shape), (r, add) => {
      for (let k = 0; k < times; k++) add((Math.floor(r / B) * times + k) * B + (r % B));
    });
    const to = low.make(`gradient of ${x.name}`, 'f32', x.shape);
    const table = low.constant('repeated steps, turned', lists);
    gather(low, `${node.label} gradient`, { lists: table, a: dy, rowsOfA: rowsOf(y.shape), b: null, to, parts: 1 });
    low.addGradient(x, to);
  },
};

/** Every step so many times: [T, B, N] dense to [T times, B, N]. */
export function repeatSteps(x: Tensor, times: number, label: string): Tensor {
  const [T, B, N] = x.shape as [number, number, number];
  const shape = [T * times, B, N];
  return x.tape.record(
    repeatOp,
    [x],
    [],
    { times },
    [{ form: 'f32', shape, requiresGrad: x.requiresGrad, name: label }],
    label,
  )[0]!;
}
