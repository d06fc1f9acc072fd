import type { Arena } from '../autograd/arena.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Sequential } from '../layers/sequential.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Best } from './early_stop.ts';
import type { EpochResult } from './options.ts';
import { Readings } from './readings.ts';
import type { Fingerprint, Snapshot } from './snapshot.ts';

/** Where a training is and what it has so far; parameters and what the optimiser remembers lie in the arena. */
export class Progress {
  /** The step to come: epoch from 1, batch in it from 0. */
  epoch = 1;
  batch = 0;
  /** Those that are done. */
  epochs: readonly EpochResult[] = [];
  best: Best | null = null;
  readings = new Readings();
  /** When the epoch would have begun without an interruption. */
  began = performance.now();

  constructor(
    readonly net: Sequential,
    readonly arena: Arena,
    readonly optimizer: Optimizer,
    readonly settings: Fingerprint,
  ) {}

  /** Of the epoch. */
  get seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  /** To the next epoch. */
  next(): void {
    this.epoch++;
    this.batch = 0;
    this.readings = new Readings();
    this.began = performance.now();
  }

  /** All of it as it is now, whatever runs while its numbers are on their way. */
  async snapshot(): Promise<Snapshot> {
    const { net, arena, optimizer, settings, epoch, batch, epochs, best, seconds, readings } = this;
    const adapter = arena.device.name;
    const now = { version: 1 as const, settings, adapter, epoch, batch, epochs, best, seconds };
    const [values, state, sums] = await Promise.all([arena.values(), optimizer.state(arena), readings.sums()]);
    return { ...now, sums, optimizer: state, parameters: named(net, (p) => values.get(p)!) };
  }

  /** Goes back, or on, to a snapshot. */
  restore({ epoch, batch, epochs, best, seconds, sums, parameters, optimizer }: Snapshot): void {
    this.put(parameters);
    this.optimizer.restore(this.arena, optimizer);
    Object.assign(this, { epoch, batch, epochs, best });
    this.readings = new Readings(sums);
    this.began = performance.now() - 1000 * seconds;
  }

  /** Gives the net these parameters, on the CPU and on the device. */
  put(parameters: Snapshot['parameters']): void {
    named(this.net, (p, name) => p.data.set(parameters[name]!));
    this.arena.push();
  }
}

/** Something of each parameter, by its name. */
export const named = <R>(net: Sequential, of: (p: Parameter, name: string) => R): Record<string, R> =>
  Object.fromEntries([...net.namedParameters()].map(([name, p]) => [name, of(p, name)]));
