import type { Call } from '../device/device.ts';
import type { Storage } from '../device/storage.ts';
import { effective } from '../kernels/dense.ts';
import { fold, quads } from '../kernels/sizes.ts';
import type { Arena } from './arena.ts';
import { NONE, UNBOUNDED } from './constraints.ts';
import type { Parameter } from './parameter.ts';

const FORM = { pre: 0, post: 1, perNeuron: 2 } as const;

/** As it is; rounded to half precision; rounded and stored in it, two numbers a word. The kernel's FULL, ROUNDED, PACKED. */
export const PRECISION = { full: 0, rounded: 1, packed: 2 } as const;
export type Precision = keyof typeof PRECISION;

interface Entry {
  readonly first: number;
  readonly rows: number;
  readonly quads: number;
  readonly source: number;
  readonly post: number;
  readonly pre: number;
  readonly form: number;
  readonly precision: Precision;
  readonly p: Parameter;
}

/** Numbers of one entry of the table, see struct Entry of the shader. */
const FIELDS = 14;

/**
 * The table of what kernels read instead of stored parameters: ranges, masks, signs and half precision are applied there.
 * Other quantisation and device noise belong here too, as further columns: every kernel then trains through them.
 */
export class EffectiveTable {
  readonly #entries: Entry[] = [];
  readonly #known = new Map<string, number>();
  #total = 0;
  #storage: { name: string; form: 'words'; shape: number[]; role: 'transient' } = {
    name: 'effective weights',
    form: 'words',
    shape: [4],
    role: 'transient',
  };

  get storage(): Storage {
    return this.#storage;
  }

  /** Its first quad; of packed ones, counted in packed quads. */
  matrix(p: Parameter, source: number, by: 'pre' | 'post', precision: Precision): number {
    // a convolution's weight [channels, ...] is a matrix of channels by all that one of them reads
    const post = p.shape[0]!;
    const pre = p.data.length / post;
    const n = by === 'pre' ? pre : post;
    const wide = quads(by === 'pre' ? post : pre);
    const first = this.#once(`${by} ${source} ${precision}`, () =>
      this.#add({ rows: 4 * quads(n), quads: wide, source, post, pre, form: FORM[by], precision, p }),
    );
    return precision === 'packed' ? 2 * first : first;
  }

  constants(list: readonly { p: Parameter; at: number }[], N: number): number {
    return this.#once(`constants ${N} ${list.map((c) => c.at).join()}`, () => {
      const first = this.#total;
      for (const { p, at } of list) {
        if (p.data.length !== N && p.data.length !== 1)
          throw new Error(`${p.name}: must have 1 or ${N} values, has ${p.data.length}`);
        // pre says whether there is one value for the layer
        this.#add({
          rows: 1,
          quads: quads(N),
          source: at,
          post: N,
          pre: p.data.length === 1 ? 1 : 0,
          form: FORM.perNeuron,
          precision: 'full',
          p,
        });
      }
      return first;
    });
  }

  call(arena: Arena | null): Call | null {
    if (!arena || this.#entries.length === 0) return null;
    const table = new Uint32Array(FIELDS * this.#entries.length);
    const floats = new Float32Array(table.buffer);
    this.#entries.forEach((e, i) => {
      const { min = -UNBOUNDED, max = UNBOUNDED, noDiagonal = false, mask, signs, rewire } = e.p.options;
      // the mask of rewired connections holds the sign of each
      const sign = rewire ? mask : signs;
      table.set([e.first, e.rows, e.quads, e.source, e.post, e.pre, e.form, noDiagonal ? 1 : 0], FIELDS * i);
      floats.set([min, max], FIELDS * i + 8);
      table.set(
        [
          mask ? arena.offset(mask) : NONE,
          sign ? arena.offset(sign) : NONE,
          rewire ? e.pre : 0,
          PRECISION[e.precision],
        ],
        FIELDS * i + 10,
      );
    });
    const { groups, row } = fold(this.#total, 64);
    return {
      kernel: effective,
      variant: {},
      label: 'effective weights',
      dims: { entries: this.#entries.length, total: this.#total, row },
      buffers: {
        table: {
          name: 'table of effective weights',
          form: 'words',
          shape: [table.length],
          role: 'constant',
          data: table,
        },
        params: arena.params,
        effective: this.#storage,
      },
      groups,
    };
  }

  #add(e: Omit<Entry, 'first'>): number {
    const first = this.#total;
    this.#entries.push({ first, ...e });
    // rows are whole quads, so that packed ones come in pairs
    this.#total += (e.rows * e.quads) / (e.precision === 'packed' ? 2 : 1);
    this.#storage.shape = [4 * this.#total];
    return first;
  }

  #once(key: string, make: () => number): number {
    const known = this.#known.get(key) ?? make();
    this.#known.set(key, known);
    return known;
  }
}
