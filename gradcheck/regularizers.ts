import { abs, add, type Dual, div, mul, relu, square, sub, sum } from '../src/check/dual.ts';
import type { Facts, JudgedRegularizer, NaiveRun } from '../src/check/trial.ts';
import * as regularize from '../src/loss/regularize.ts';

// Every regulariser, and beside each its formula.

/** Valid steps of all samples. */
const stepsOf = (facts: Facts): number =>
  Math.max(
    1,
    facts.lengths.reduce((a, b) => a + b, 0),
  );

/** The mean of each neuron's spikes over batch and valid steps. */
function rates({ N, z }: NaiveRun, facts: Facts): Dual[] {
  const all = z.flat();
  return Array.from({ length: N }, (_, n) => div(sum(all.map((row) => row[n]!)), stepsOf(facts)));
}

const mean = (xs: readonly Dual[]): Dual => div(sum(xs), Math.max(1, xs.length));

/** The mean over batch and valid steps of the sum over neurons. */
const overVoltages = (run: NaiveRun, facts: Facts, of: (v: Dual, n: number) => Dual): Dual =>
  div(sum(run.v.flat().map((row) => sum(row.map(of)))), stepsOf(facts));

/** The sum over the weights of all trained matrices. */
function overWeights(run: NaiveRun, of: (w: Dual) => Dual): Dual {
  const matrices = [...run.params.values()].filter((p) => p.shape.length > 1);
  return sum(matrices.map((p) => sum(p.values.map(of))));
}

interface Entry {
  readonly name: string;
  readonly covers: keyof typeof regularize.known;
  readonly make: () => regularize.Regularizer;
  readonly of: (run: NaiveRun, facts: Facts) => Dual;
  /** Default true. */
  readonly smooth?: boolean;
  /** Default true. */
  readonly spiking?: boolean;
  /** Whether the neuron must have a constant called threshold. */
  readonly threshold?: boolean;
}

const LEVELS = { target: 0.1, lower: 0.2, upper: 0.05 };
const SCALED = { offset: -0.3, scale: 0.8 };
/** Large enough that a wrong gradient shows beside that of the loss. */
const [RATE, VOLTAGE, L1, L2] = [1.5, 0.1, 0.02, 0.03];

const entries: readonly Entry[] = [
  {
    name: 'rate',
    covers: 'rate',
    make: () => regularize.rate({ target: LEVELS.target, weight: RATE }),
    of: (run, facts) => mul(RATE, sum(rates(run, facts).map((r) => square(sub(r, LEVELS.target))))),
  },
  {
    name: 'rate of the layer, bounds',
    covers: 'rate',
    make: () => regularize.rate({ lower: LEVELS.lower, upper: 0.25, per: 'layer', weight: RATE }),
    of: (run, facts) => {
      const r = mean(rates(run, facts));
      return mul(RATE, add(square(relu(sub(LEVELS.lower, r))), square(relu(sub(r, 0.25)))));
    },
  },
  {
    name: 'rate above a bound',
    covers: 'rate',
    make: () => regularize.rate({ upper: LEVELS.upper, weight: RATE }),
    of: (run, facts) => mul(RATE, sum(rates(run, facts).map((r) => square(relu(sub(r, LEVELS.upper)))))),
  },
  {
    name: 'voltage',
    covers: 'voltage',
    threshold: true,
    make: () => regularize.voltage({ weight: VOLTAGE }),
    of: (run, facts) => {
      const theta = run.constant('threshold');
      const beyond = (v: Dual, n: number): Dual =>
        add(square(relu(sub(v, theta[n]!))), square(relu(sub(sub(0, v), theta[n]!))));
      return mul(VOLTAGE, overVoltages(run, facts, beyond));
    },
  },
  {
    name: 'voltage, distance',
    covers: 'voltage',
    make: () => regularize.voltage({ form: 'distance', ...SCALED, weight: VOLTAGE }),
    of: (run, facts) =>
      mul(
        VOLTAGE,
        overVoltages(run, facts, (v) => square(sub(div(sub(v, SCALED.offset), SCALED.scale), 1))),
      ),
  },
  {
    name: 'voltage, range',
    covers: 'voltage',
    make: () => regularize.voltage({ form: 'range', ...SCALED, weight: VOLTAGE }),
    of: (run, facts) => {
      const outside = (v: Dual): Dual => {
        const u = div(sub(v, SCALED.offset), SCALED.scale);
        return add(square(relu(sub(u, 1))), square(relu(sub(0, u))));
      };
      return mul(VOLTAGE, overVoltages(run, facts, outside));
    },
  },
  {
    name: 'l1',
    covers: 'l1',
    spiking: false,
    make: () => regularize.l1({ weight: L1 }),
    of: (run) => mul(L1, overWeights(run, abs)),
  },
  {
    name: 'l2',
    covers: 'l2',
    spiking: false,
    make: () => regularize.l2({ weight: L2 }),
    of: (run) => mul(L2, overWeights(run, square)),
  },
];

const regularizer = ({ name, make, of, smooth = true, spiking = true }: Entry): JudgedRegularizer => ({
  name,
  smooth,
  spiking,
  record: (tape) => make()(tape),
  formula: of,
});

/** What is added to the loss, from nothing to several at once; `covers` names what of `regularize.known` is in it. */
export const regularizers: readonly {
  readonly name: string;
  readonly covers: readonly (keyof typeof regularize.known)[];
  readonly spiking: boolean;
  readonly threshold: boolean;
  readonly parts: readonly JudgedRegularizer[];
}[] = [
  { name: 'none', covers: [], spiking: false, threshold: false, parts: [] },
  ...entries.map((e) => ({
    name: e.name,
    covers: [e.covers],
    spiking: e.spiking ?? true,
    threshold: e.threshold ?? false,
    parts: [regularizer(e)],
  })),
  {
    name: 'rate, voltage, l1',
    covers: ['rate', 'voltage', 'l1'],
    spiking: true,
    threshold: false,
    parts: entries.filter((e) => ['rate', 'voltage, range', 'l1'].includes(e.name)).map(regularizer),
  },
];
