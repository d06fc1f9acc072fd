import { onlyKnown } from '../neurons/nearest.ts';
import type { Checkpointing, EpochResult } from '../train/options.ts';
import type { Snapshot } from '../train/snapshot.ts';
import { decodeSnapshot, encodeSnapshot } from './snapshot_file.ts';

/** Where files go: `host.output` of `spiketape/host` is one. */
export interface CheckpointStore {
  /** The file appears under its name when it is complete; until then what was there stays. */
  write(path: string, content: Uint8Array): Promise<void>;
  read(path: string): Promise<Uint8Array>;
  /** Names in a folder (default: the uppermost); those of folders end in '/'. */
  list(folder?: string): Promise<string[]>;
  remove(path: string): Promise<void>;
}

export interface CheckpointsOptions {
  /** Default 'checkpoints'. */
  readonly folder?: string;
  /** Default 5. */
  readonly everyMinutes?: number;
  /** How many of the last ones stay (default 3). */
  readonly keep?: number;
  /** Keeps the best epoch's besides, by this number of its validation (of training where there is none); null: none. Default 'accuracy'. */
  readonly best?: 'accuracy' | 'loss' | null;
  /** Told of damaged files; console.warn by default. */
  readonly onWarning?: (text: string) => void;
}

/** A snapshot and the file that it is from. */
export interface Checkpoint {
  readonly name: string;
  readonly snapshot: Snapshot;
}

const NUMBERED = /^(\d{6,})\.safetensors$/;
const BEST = 'best.safetensors';

/**
 * Snapshots of a training as files, the last ones and the best:
 *
 *     const checkpoints = new Checkpoints(host.output);
 *     const last = host.resume ? await checkpoints.latest() : null;
 *     await fit(engine, net, set, { ..., checkpoint: checkpoints.option, resume: last?.snapshot });
 *
 * An older file is removed when the new one is complete, not before.
 */
export class Checkpoints {
  readonly folder: string;
  readonly keep: number;
  readonly best: 'accuracy' | 'loss' | null;
  /** For `fit`. */
  readonly option: Checkpointing;
  readonly #warn: (text: string) => void;

  constructor(
    readonly store: CheckpointStore,
    options: CheckpointsOptions = {},
  ) {
    onlyKnown('Checkpoints', options, ['folder', 'everyMinutes', 'keep', 'best', 'onWarning']);
    const { folder = 'checkpoints', everyMinutes = 5, keep = 3, best = 'accuracy' } = options;
    if (!(everyMinutes > 0)) throw new Error(`Checkpoints: everyMinutes must be above 0, got ${everyMinutes}`);
    if (!(Number.isInteger(keep) && keep > 0))
      throw new Error(`Checkpoints: keep must be a whole number above 0, got ${keep}`);
    if (best !== null && best !== 'accuracy' && best !== 'loss')
      throw new Error(`Checkpoints: best must be 'accuracy', 'loss' or null, got '${best}'`);
    this.folder = folder;
    this.keep = keep;
    this.best = best;
    this.#warn = options.onWarning ?? ((text) => console.warn(text));
    const every = 60 * everyMinutes;
    let written = performance.now();
    this.option = {
      every,
      save: async (snapshot, why) => {
        const bytes = encodeSnapshot(snapshot);
        if ((why === 'epoch' || why === 'end') && this.#isBest(snapshot.epochs))
          await store.write(`${folder}/${BEST}`, bytes);
        // short epochs do not make a file each
        if (why === 'epoch' && performance.now() - written < 1000 * every) return;
        await this.#append(bytes);
        written = performance.now();
      },
    };
  }

  /**
   * The one that is furthest on and whole, which may be the best one's file; null where there is none yet. Damaged ones are
   * warned of and passed over.
   *
   * @throws when there are some and all are damaged
   */
  async latest(): Promise<Checkpoint | null> {
    const best = await this.bestSnapshot().catch(() => null);
    const last = await this.#lastNumbered().catch((error) => {
      if (!best) throw error;
      this.#warn(`${(error as Error).message}\n${best.name} is taken`);
      return null;
    });
    const stepsOf = ({ snapshot }: Checkpoint): [number, number] => [snapshot.epoch, snapshot.batch];
    if (!best || !last) return last ?? best;
    const [[e, b], [epoch, batch]] = [stepsOf(last), stepsOf(best)];
    return epoch > e || (epoch === e && batch > b) ? best : last;
  }

  async #lastNumbered(): Promise<Checkpoint | null> {
    const files = (await this.#numbered()).reverse();
    const damaged: string[] = [];
    for (const file of files) {
      const name = `${this.folder}/${file}`;
      const bytes = await this.store.read(name);
      try {
        return { name, snapshot: decodeSnapshot(bytes) };
      } catch (error) {
        damaged.push(`${name}: ${(error as Error).message}`);
        const next = files[files.indexOf(file) + 1];
        if (next) this.#warn(`checkpoint ${damaged.at(-1)}; ${next}, the one before it, is taken`);
      }
    }
    if (damaged.length > 0) throw new Error(`no checkpoint is whole:\n${damaged.join('\n')}`);
    return null;
  }

  /** The best epoch's; null where there is none. @throws when it is damaged */
  async bestSnapshot(): Promise<Checkpoint | null> {
    if (!(await this.#names()).includes(BEST)) return null;
    const name = `${this.folder}/${BEST}`;
    return { name, snapshot: decodeSnapshot(await this.store.read(name)) };
  }

  async #append(bytes: Uint8Array): Promise<void> {
    const { store, folder, keep } = this;
    const before = await this.#numbered();
    const last = Number(NUMBERED.exec(before.at(-1) ?? '')?.[1] ?? 0);
    await store.write(`${folder}/${String(last + 1).padStart(6, '0')}.safetensors`, bytes);
    for (const file of before.slice(0, Math.max(0, before.length + 1 - keep))) await store.remove(`${folder}/${file}`);
  }

  #isBest(epochs: readonly EpochResult[]): boolean {
    const { best } = this;
    if (best === null) return false;
    const values = epochs.map((e) => (e.validation ?? e)[best] * (best === 'loss' ? -1 : 1));
    const last = values.pop() ?? Number.NaN;
    return !Number.isNaN(last) && values.every((v) => !(v >= last));
  }

  /** In their order. */
  async #numbered(): Promise<string[]> {
    const number = (name: string): number => Number(NUMBERED.exec(name)![1]);
    return (await this.#names()).filter((name) => NUMBERED.test(name)).sort((a, b) => number(a) - number(b));
  }

  /** What is in the folder, which may not be there yet. */
  async #names(): Promise<string[]> {
    let folder = '';
    for (const part of this.folder.split('/')) {
      const there = await (folder ? this.store.list(folder) : this.store.list());
      if (!there.includes(`${part}/`)) return [];
      folder = folder ? `${folder}/${part}` : part;
    }
    return this.store.list(folder);
  }
}
