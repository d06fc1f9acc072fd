import { type Init, lengthOf, Parameter, type ParameterOptions } from '../autograd/parameter.ts';
import { onlyKnown } from '../neurons/nearest.ts';

/**
 * Which connections a matrix of weights [post, pre] has, and which signs. A convolution's weights are a matrix too: a row for
 * each channel of the output, with all that it reads from its window, by input channel, row and column.
 */
export interface ConnectionOptions {
  /** 1 where there is a connection, 0 where there is none: rows by postsynaptic neuron (lists, or text as '0110'), or flat. */
  readonly mask?: readonly (readonly number[] | string)[] | ArrayLike<number>;
  /**
   * Share of the possible connections that exist (those of the mask, if there is one), in (0, 1]: exactly so many, rounded,
   * drawn with the weights. Every neuron has at least one, if there are enough.
   */
  readonly density?: number;
  /** +1 or -1 for each presynaptic neuron, or input channel: its weights keep that sign, or are 0 (Dale's principle). */
  readonly signs?: readonly number[];
  /** In place of signs: the share of presynaptic neurons, the first ones, whose weights are positive; negative elsewhere. */
  readonly excitatory?: number;
  /**
   * DEEP R (Bellec, Kappel, Maass & Legenstein, ICLR 2018): a connection has a sign, and one whose weight crosses 0 in an
   * update becomes dormant; as many dormant ones become active at random, with weight 0 and a random sign (or that of
   * `signs`), so that the number of connections, `density` of the possible ones, stays exactly the same. `l1` is taken off
   * the magnitude of each active weight at each update, and Gaussian `noise` of that standard deviation is added (0 by
   * default both); in the paper's terms l1 is learning rate times alpha, noise sqrt(2 learning rate temperature). What the
   * optimiser remembers of a connection is forgotten when it becomes dormant. While it trains, a neuron may lose its last one.
   */
  readonly rewire?: { readonly density: number; readonly noise?: number; readonly l1?: number };
}

/** A matrix of weights with what says where its connections are. */
export interface Connected {
  /** The weights, then their mask and signs, if they have any. */
  readonly params: Readonly<Record<string, Parameter>>;
  /** Whether a postsynaptic neuron has at least one connection. */
  readonly reaches: (post: number) => boolean;
}

type Fail = (what: string) => never;

/**
 * A layer's weights, named `name`; its mask and signs, if it has any, are parameters that are not trained, `name_mask` and
 * `name_signs`, and are saved and loaded with it.
 *
 * @param owner the layer, for messages
 * @param option which option of the layer `options` is
 * @param shape [post, pre], or [post, channels, ...] with signs by channel
 * @throws when the mask or the signs are of the wrong size or value, or the options contradict each other
 */
export function connect(
  owner: string,
  option: string,
  name: string,
  shape: readonly number[],
  options: ConnectionOptions | undefined,
  init: Init,
  noDiagonal = false,
): Connected {
  const fail: Fail = (what) => {
    throw new Error(`${owner}: ${option}${what}`);
  };
  const diagonal = noDiagonal ? { noDiagonal } : {};
  if (options === undefined) return { params: { [name]: new Parameter(shape, init, diagonal) }, reaches: () => true };
  check(`${owner}: ${option}`, options, fail);
  const { mask, density, rewire } = options;

  const length = lengthOf(shape);
  const [post, units] = shape as [number, number];
  const pre = shape.slice(1).reduce((a, b) => a * b);
  const signs = signsOf(options, units, fail)?.flatMap((s) => new Array<number>(pre / units).fill(s));
  const allowed = mask === undefined ? new Uint8Array(length).fill(1) : maskOf(mask, post, pre, fail);
  if (noDiagonal) for (let i = 0; i < Math.min(post, pre); i++) allowed[i * pre + i] = 0;
  const possible = allowed.reduce((sum, x) => sum + x, 0);
  const share = rewire?.density ?? density;
  const count = share === undefined ? possible : Math.round(share * possible);
  if (count === 0) fail(`: no connection is left of ${possible} that are possible`);

  const drawn = share !== undefined;
  const maskParameter =
    drawn || mask !== undefined ? new Parameter(shape, { fill: drawn ? 0 : allowed }, { trainable: false }) : null;
  const signsParameter = signs && new Parameter([pre], { fill: signs }, { trainable: false });
  const marks = rewire ? (signs ?? 'random') : null;
  const constraints: ParameterOptions = {
    ...diagonal,
    ...(maskParameter ? { mask: maskParameter } : {}),
    ...(drawn ? { drawMask: (random) => drawMask(allowed, pre, count, random, marks) } : {}),
    ...(signsParameter ? { signs: signsParameter } : {}),
    ...(rewire ? { rewire: { connections: count, l1: rewire.l1 ?? 0, noise: rewire.noise ?? 0 } } : {}),
  };
  const rows = Array.from({ length: post }, (_, i) => allowed.subarray(i * pre, (i + 1) * pre).includes(1));
  const enough = !drawn || count >= rows.filter(Boolean).length;
  return {
    params: {
      [name]: new Parameter(shape, init, constraints),
      ...(maskParameter ? { [`${name}_mask`]: maskParameter } : {}),
      ...(signsParameter ? { [`${name}_signs`]: signsParameter } : {}),
    },
    reaches: (i) => enough && rows[i]!,
  };
}

/** @throws when none of the matrices reaches one of the neurons */
export function requireInputs(owner: string, N: number, matrices: readonly (Connected | null)[]): void {
  for (let i = 0; i < N; i++) {
    if (!matrices.some((m) => m?.reaches(i)))
      throw new Error(
        `${owner}: the connections leave neuron ${i} without inputs; give each of the ${N} neurons at least one`,
      );
  }
}

/** The options as plain data, for a layer's config: rows of masks as text. */
export function savedConnections({ mask, signs, ...others }: ConnectionOptions): ConnectionOptions {
  const text = (row: number | string | readonly number[]): number | string =>
    typeof row === 'number' ? row : typeof row === 'string' ? row : row.join('');
  return {
    ...others,
    ...(mask ? { mask: rowsOf(mask).map(text) as string[] } : {}),
    ...(signs ? { signs: Array.from(signs) } : {}),
  };
}

function check(owner: string, options: ConnectionOptions, fail: Fail): void {
  onlyKnown(owner, options, ['mask', 'density', 'signs', 'excitatory', 'rewire']);
  const { mask, density, signs, excitatory, rewire } = options;
  const share = (name: string, value: number): void => {
    if (!(value > 0 && value <= 1)) fail(`.${name} must be above 0 and at most 1, got ${value}`);
  };
  if (density !== undefined) share('density', density);
  if (signs !== undefined && excitatory !== undefined) fail(': give signs or excitatory, not both');
  if (excitatory !== undefined && !(excitatory >= 0 && excitatory <= 1))
    fail(`.excitatory must be in 0 .. 1, got ${excitatory}`);
  if (rewire === undefined) return;
  if (mask !== undefined || density !== undefined)
    fail(': rewire finds the connections itself and has its own density; give no mask or density beside it');
  onlyKnown(`${owner}.rewire`, rewire, ['density', 'noise', 'l1']);
  share('rewire.density', rewire.density);
  for (const name of ['noise', 'l1'] as const) {
    const value = rewire[name] ?? 0;
    if (!(value >= 0 && Number.isFinite(value)))
      fail(`.rewire.${name} must be a finite number of 0 or more, got ${value}`);
  }
}

function signsOf({ signs, excitatory }: ConnectionOptions, pre: number, fail: Fail): readonly number[] | null {
  if (excitatory !== undefined) {
    const positive = Math.round(excitatory * pre);
    return Array.from({ length: pre }, (_, i) => (i < positive ? 1 : -1));
  }
  if (signs === undefined) return null;
  if (signs.length !== pre) fail(`.signs must have ${pre} values (one per presynaptic neuron), got ${signs.length}`);
  const bad = signs.findIndex((s) => s !== 1 && s !== -1);
  if (bad >= 0) fail(`.signs must be +1 or -1, got ${signs[bad]} at ${bad}`);
  return signs;
}

type Mask = NonNullable<ConnectionOptions['mask']>;

const rowsOf = (mask: Mask): (number | string | readonly number[])[] => [
  ...(mask as readonly (number | string | readonly number[])[]),
];

function maskOf(mask: Mask, post: number, pre: number, fail: Fail): Uint8Array {
  const rows = rowsOf(mask);
  if (rows.length > 0 && typeof rows[0] !== 'number') {
    if (rows.length !== post) fail(`.mask must have ${post} rows (one per postsynaptic neuron), got ${rows.length}`);
    const wrong = rows.findIndex((row) => (row as ArrayLike<unknown>).length !== pre);
    if (wrong >= 0)
      fail(
        `.mask must have rows of ${pre} values (one per presynaptic neuron), got ${(rows[wrong] as string).length} in row ${wrong}`,
      );
  } else if (rows.length !== post * pre)
    fail(`.mask must have ${post} rows of ${pre} values ([post, pre]), got ${rows.length} values`);
  const values = rows.flatMap((row) =>
    typeof row === 'number' ? row : Array.from(row as ArrayLike<string | number>, Number),
  );
  const bad = values.findIndex((x) => x !== 0 && x !== 1);
  if (bad >= 0) fail(`.mask must be 0 or 1, got ${values[bad]} at [${Math.floor(bad / pre)}, ${bad % pre}]`);
  return Uint8Array.from(values);
}

/**
 * Exactly `count` of the allowed connections: first one for every postsynaptic neuron that may have any, in random order
 * as far as they go, then any.
 *
 * @param signs what an existing connection is marked with: 1 (null), the sign of its presynaptic neuron, or one at random
 */
function drawMask(
  allowed: Uint8Array,
  pre: number,
  count: number,
  random: () => number,
  signs: readonly number[] | 'random' | null,
): Float32Array {
  const rows = Array.from({ length: allowed.length / pre }, (): number[] => []);
  allowed.forEach((x, i) => {
    if (x) rows[Math.floor(i / pre)]!.push(i);
  });
  const firsts = shuffle(
    rows.flatMap((row) => (row.length ? row[Math.floor(random() * row.length)]! : [])),
    random,
  ).slice(0, count);
  const taken = new Set(firsts);
  const others = shuffle(
    rows.flat().filter((i) => !taken.has(i)),
    random,
  ).slice(0, count - firsts.length);
  const mask = new Float32Array(allowed.length);
  for (const i of [...firsts, ...others]) {
    if (signs === 'random') mask[i] = random() < 0.5 ? 1 : -1;
    else mask[i] = signs ? signs[i % pre]! : 1;
  }
  return mask;
}

/** Fisher & Yates. */
function shuffle(list: number[], random: () => number): number[] {
  for (let i = list.length - 1; i > 0; i--) {
    const k = Math.floor(random() * (i + 1));
    [list[i], list[k]] = [list[k]!, list[i]!];
  }
  return list;
}
