import type { Engine } from '../autograd/engine.ts';
import type { Tuning } from '../autograd/tuning.ts';
import { type LayerShape, type PathName, possiblePaths } from '../kernels/time_path.ts';
import { timePath } from './measure.ts';
import { defaultStore, forgiving, type TuningStore } from './store.ts';

/** Number of the kernels and the rule that choices were measured with; older choices are not used. */
const RULE = 1;
/** A batch of more samples keeps every GPU busy with a workgroup each. */
const FEW_SAMPLES = 64;

/**
 * Lets an engine measure what its rule cannot know: whether a recurrent layer that fits one workgroup is faster as a loop in one
 * dispatch or, spread over the adapter, as a dispatch a step. The first step with a layer of a new size then takes some tenths of a second
 * longer. Call it before the first step; results are the same up to rounding.
 *
 *     const engine = await init();
 *     tune(engine);
 *
 * @param options store: where choices are kept from run to run; by default the page's localStorage or, in scripts under
 *   `npx spiketape run --runtime node`, a file in the user's cache folder; null for this run alone
 * @returns what was chosen
 */
export function tune(engine: Engine, options: { store?: TuningStore | null } = {}): Tuner {
  const tuner = new Tuner(engine, options.store === undefined ? defaultStore() : options.store);
  engine.tuning = tuner;
  return tuner;
}

/** Chooses paths for an engine, from a store or by measurement. */
export class Tuner implements Tuning {
  /** Path of each shape, by the key under which it is stored. */
  readonly choices = new Map<string, PathName>();
  /** Shapes that this one measured. */
  measured = 0;
  readonly #wanted = new Map<string, LayerShape>();
  readonly #store: TuningStore;
  #last: Promise<unknown> = Promise.resolve();

  /** @param time gives the milliseconds of a path (for tests) */
  constructor(
    readonly engine: Engine,
    store: TuningStore | null,
    readonly time: typeof timePath = timePath,
  ) {
    this.#store = forgiving(store);
  }

  choice(layer: LayerShape): PathName | undefined {
    if (layer.B > FEW_SAMPLES || this.#possible(layer).length < 2) return undefined;
    const key = this.#key(layer);
    const known = this.choices.get(key);
    if (!known) this.#wanted.set(key, layer);
    return known;
  }

  async measure(): Promise<boolean> {
    const wanted = [...this.#wanted];
    this.#wanted.clear();
    if (wanted.length === 0) return false;
    // one after the other: two at a time would measure each other
    const done = this.#last.then(async () => {
      for (const [key, layer] of wanted) if (!this.choices.has(key)) await this.#choose(key, layer);
    });
    this.#last = done;
    await done;
    return true;
  }

  async #choose(key: string, layer: LayerShape): Promise<void> {
    const possible = this.#possible(layer);
    const stored = possible.find((path) => path === this.#store.load(key));
    this.choices.set(key, stored ?? possible[0]!);
    if (stored) return;
    try {
      const times: [number, PathName][] = [];
      for (const path of possible) times.push([await this.time(this.engine.device, layer, path), path]);
      const [, fastest] = times.reduce((best, one) => (one[0] < best[0] ? one : best));
      this.choices.set(key, fastest);
      this.measured++;
      this.#store.save(key, fastest);
    } catch {
      // what cannot be measured goes by the rule; if the device is lost, the step itself will say so
    }
  }

  #possible(layer: LayerShape): readonly PathName[] {
    return possiblePaths(layer, this.engine.device.limits);
  }

  /** Layers of about one size share a choice. */
  #key({ N, B }: LayerShape): string {
    const { name, limits } = this.engine.device;
    const upTo = (n: number): number => 2 ** Math.ceil(Math.log2(n));
    return `spiketape ${RULE}, ${name}, ${limits.maxWorkgroup} threads: ${upTo(N)} recurrent neurons, ${upTo(B)} samples`;
  }
}
