import { described, onlyKnown } from '../../../neurons/nearest.ts';

export interface NirOptions {
  /** Of the file ('model'). */
  readonly name?: string;
  /**
   * Where a neuron's input gain is said: 'unit' (default) writes r = 1 and puts the gain into the weights, 'tau/dt'
   * writes r = tau/dt and leaves the weights as they are. Readers that ignore r need the first, some need the second.
   */
  readonly gain?: 'unit' | 'tau/dt';
  /**
   * Recurrence as a graph of its own with its neurons and their matrix ('nested', the default), or as edges of the
   * net's graph.
   */
  readonly recurrence?: 'nested' | 'flat';
  /** The time step in seconds with which the file is to be read (1e-4, which most readers take). */
  readonly dt?: number;
  /** Of the parameters in the file ('float64': scaled weights then give the same spikes). */
  readonly precision?: 'float64' | 'float32';
  /** Writes neurons for which there is no primitive as a composition of several (default false). */
  readonly compose?: boolean;
}

export const DEFAULT_DT = 1e-4;

/** @throws on an option or a value that is not known */
export function complete(options: NirOptions): Required<NirOptions> {
  onlyKnown('NIR', options, ['name', 'gain', 'recurrence', 'dt', 'precision', 'compose']);
  const whole = {
    name: options.name ?? 'model',
    gain: options.gain ?? 'unit',
    recurrence: options.recurrence ?? 'nested',
    dt: options.dt ?? DEFAULT_DT,
    precision: options.precision ?? 'float64',
    compose: options.compose ?? false,
  } as const;
  const among = (name: keyof NirOptions, values: readonly unknown[]): void => {
    if (!values.includes(whole[name]))
      throw new Error(
        `NIR: ${name} must be ${values.map((v) => described(v)).join(' or ')}, got ${described(whole[name])}`,
      );
  };
  among('gain', ['unit', 'tau/dt']);
  among('recurrence', ['nested', 'flat']);
  among('precision', ['float64', 'float32']);
  among('compose', [false, true]);
  if (!(whole.dt > 0 && Number.isFinite(whole.dt)))
    throw new Error(`NIR: dt must be a finite number of seconds above 0, got ${whole.dt}`);
  return whole;
}
