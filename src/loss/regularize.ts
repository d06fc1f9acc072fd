import { Loss } from '../autograd/loss.ts';
import type { CellAttrs, CellRun } from '../autograd/ops/cell_node.ts';
import type { Parameter } from '../autograd/parameter.ts';
import type { Tape } from '../autograd/tape.ts';
import { ACTIVITY, type RatePenalty } from '../kernels/activity.ts';
import { type Penalty, penaltyWeight } from '../neurons/adjoint.ts';
import { type Expr, expr, relu } from '../neurons/expr.ts';
import { onlyKnown, suggest } from '../neurons/nearest.ts';
import { finite, positive } from './options.ts';
import { l1, l2 } from './weights.ts';

export { l1, l2, type WeightsOptions } from './weights.ts';

/** Adds to the loss of a step. Call it after the forward pass. */
export type Regularizer = (tape: Tape) => Loss;

/**
 * A layer by its label (`0 LIF`), its place in the net (0, or `1.body.0`), or itself: then at each of its places, and of a
 * container all that is in it.
 */
export type LayerName =
  | string
  | number
  | { readonly label: string; readonly params: Readonly<Record<string, Parameter>> };

interface LayersOptions {
  weight?: number;
  /** Default: every spiking layer that the step runs. */
  layers?: readonly LayerName[];
}

export interface RateOptions extends LayersOptions {
  /** Spikes per step (0.02 if there is no bound either). */
  target?: number;
  /** Rates below it are penalised, in spikes per step. */
  lower?: number;
  /** Rates above it are penalised, in spikes per step. */
  upper?: number;
  /** Whether each neuron's rate counts (default), or the mean rate of the layer. */
  per?: 'neuron' | 'layer';
}

/**
 * Keeps firing rates near a target or between bounds. With r the mean over batch and valid steps of a neuron's spikes,
 * weight * sum over neurons of (r - target)^2 + relu(lower - r)^2 + relu(r - upper)^2, of which what is given counts; with
 * `per: 'layer'` the same once, for the mean of r over the neurons of the layer.
 *
 * @param options target (0.02 spikes per step), lower, upper, per ('neuron'), weight (0.1), layers
 */
export function rate(options: RateOptions = {}): Regularizer {
  const owner = 'regularize.rate';
  onlyKnown(owner, options, ['target', 'lower', 'upper', 'per', 'weight', 'layers']);
  const { lower, upper, per = 'neuron', weight = 0.1, layers } = options;
  const target = options.target ?? (lower === undefined && upper === undefined ? 0.02 : undefined);
  const bounds = Object.entries({ target, lower, upper }).filter((e): e is [string, number] => e[1] !== undefined);
  for (const [name, r] of bounds) {
    if (!(r >= 0 && r <= 1)) throw new Error(`${owner}: ${name} must be in 0..1 spikes per step, got ${r}`);
  }
  if (lower !== undefined && upper !== undefined && lower > upper)
    throw new Error(`${owner}: lower must not be above upper, got ${lower} and ${upper}`);
  const choices = ['neuron', 'layer'];
  if (!choices.includes(per)) throw new Error(`${owner}: per is '${per}'${suggest(String(per), choices)}`);
  positive(owner, 'weight', weight);
  checkLayers(owner, layers);

  const beyond: Record<string, (r: Expr, bound: Expr) => Expr> = {
    target: (r, bound) => r.sub(bound),
    lower: (r, bound) => relu(bound.sub(r)),
    upper: (r, bound) => relu(r.sub(bound)),
  };
  const penalty: RatePenalty = {
    name: 'rate',
    perLayer: per === 'layer',
    constants: Object.fromEntries(bounds),
    of: (r, constant) => bounds.reduce((sum, [name]) => sum.add(square(beyond[name]!(r, constant(name)))), expr(0)),
  };
  return (tape) =>
    perLayer(tape, owner, layers, true, (run) => {
      if (run.extras.rate) throw new Error(`${owner}: this step has a rate regulariser already, on ${run.label}`);
      const added = { penalty, weight: 0 };
      run.extras.rate = added;
      return {
        name: 'rate',
        row: ACTIVITY.ratePenalty,
        setWeight: (f) => {
          added.weight = f * weight;
        },
      };
    });
}

export interface VoltageOptions extends LayersOptions {
  /**
   * 'threshold' (default): relu(v - theta)^2 + relu(-v - theta)^2, beyond the threshold on either side.
   * 'distance': (u - 1)^2 with u = (v - offset) / scale.
   * 'range': relu(u - 1)^2 + relu(-u)^2, u outside [0, 1].
   */
  form?: 'threshold' | 'distance' | 'range';
  /** Of 'distance' and 'range', in units of the voltage (0). */
  offset?: number;
  /** Likewise, above 0 (1). */
  scale?: number;
}

/**
 * Keeps the recorded membrane voltage in bounds, which lets a net fire sparsely: weight * mean over batch and valid steps
 * of the sum over neurons of a penalty in one of three forms. The constant threshold of the neuron is meant, not one that
 * moves. The two forms without threshold may be given to a readout by name.
 *
 * @param options form ('threshold'), offset (0), scale (1), weight (1e-4), layers
 */
export function voltage(options: VoltageOptions = {}): Regularizer {
  const owner = 'regularize.voltage';
  onlyKnown(owner, options, ['form', 'offset', 'scale', 'weight', 'layers']);
  const { form = 'threshold', offset, scale, weight = 1e-4, layers } = options;
  if (!Object.hasOwn(VOLTAGE, form))
    throw new Error(`${owner}: form is '${form}'${suggest(form, Object.keys(VOLTAGE))}`);
  if (form === 'threshold' && (offset !== undefined || scale !== undefined))
    throw new Error(`${owner}: offset and scale belong to the forms 'distance' and 'range'`);
  finite(owner, 'offset', offset ?? 0);
  if (!((scale ?? 1) > 0 && Number.isFinite(scale ?? 1)))
    throw new Error(`${owner}: scale must be above 0, got ${scale}`);
  positive(owner, 'weight', weight);
  checkLayers(owner, layers);
  const penalty = VOLTAGE[form](offset ?? 0, scale ?? 1);
  return (tape) =>
    perLayer(tape, owner, layers, form === 'threshold', (run) => {
      const { definition } = tape.nodes.find((n) => n.outputs.includes(run.v))!.attrs as CellAttrs;
      if (form === 'threshold' && !Object.hasOwn(definition.params, 'threshold'))
        throw new Error(`${owner}: ${run.label} has no parameter 'threshold'; use the form 'distance' or 'range'`);
      // the sums of a layer's activity have one row for all penalties
      if (run.extras.penalties.length > 0)
        throw new Error(`${owner}: this step has a voltage regulariser already, on ${run.label}`);
      const added = { penalty, weight: 0 };
      run.extras.penalties.push(added);
      return {
        name: 'voltage',
        row: ACTIVITY.voltagePenalty,
        setWeight: (f) => {
          added.weight = f * weight;
        },
      };
    });
}

/** Every regulariser by name. */
export const known = { rate, voltage, l1, l2 } as const;

const square = (x: Expr): Expr => x.mul(x);

const scaled =
  (name: string, of: (u: Expr) => Expr) =>
  (offset: number, scale: number): Penalty => {
    const names = [`${name}_offset`, `${name}_scale`] as const;
    return {
      name,
      constants: { [names[0]]: offset, [names[1]]: scale },
      of: (v) => of(v.sub(penaltyWeight(names[0])).div(penaltyWeight(names[1]))),
    };
  };

const VOLTAGE: Record<NonNullable<VoltageOptions['form']>, (offset: number, scale: number) => Penalty> = {
  threshold: () => ({
    name: 'beyondThreshold',
    of: (v, param) => {
      const theta = param('threshold');
      return square(relu(v.sub(theta))).add(square(relu(v.neg().sub(theta))));
    },
  }),
  distance: scaled('distance', (u) => square(u.sub(1))),
  range: scaled('range', (u) => square(relu(u.sub(1))).add(square(relu(u.neg())))),
};

function checkLayers(owner: string, layers: readonly LayerName[] | undefined): void {
  if (layers && layers.length === 0) throw new Error(`${owner}: layers must name at least one layer`);
  for (const l of layers ?? []) {
    const name = typeof l === 'object' ? l?.label : l;
    if (typeof name !== 'string' && !(typeof name === 'number' && Number.isInteger(name)))
      throw new Error(`${owner}: layers must be labels, places in the net or layers, got ${JSON.stringify(l)}`);
  }
}

/** The runs of the chosen layers. @throws when a name is that of none */
function chosen(tape: Tape, owner: string, layers: readonly LayerName[] | undefined, spikes: boolean): CellRun[] {
  const spiking = tape.cells.filter((r) => r.z);
  if (!layers) {
    if (spiking.length > 0) return spiking;
    throw new Error(`${owner}: the step has no spiking layer yet; call it after the forward pass`);
  }
  const found = new Set<CellRun>();
  for (const layer of layers) {
    const name = typeof layer === 'object' ? layer.label : String(layer);
    // a layer has the label of the last of its places, and its constants at all of them
    const own = typeof layer === 'object' ? new Set(Object.values(layer.params)) : null;
    const runs = tape.cells.filter((r) => {
      const constants = own ? Object.values(r.constants) : [];
      return (
        r.label === name ||
        r.label.split(' ')[0] === name ||
        (constants.length > 0 && constants.every((p) => own!.has(p)))
      );
    });
    if (runs.length === 0) {
      const labels = [...new Set(tape.cells.map((r) => r.label))];
      throw new Error(`${owner}: the step has run no layer of neurons '${name}'${suggest(name, labels)}`);
    }
    for (const run of runs) {
      if (spikes && !run.z) throw new Error(`${owner}: ${run.label} does not spike`);
      found.add(run);
    }
  }
  return [...found];
}

function perLayer(
  tape: Tape,
  owner: string,
  layers: readonly LayerName[] | undefined,
  spikes: boolean,
  attach: (run: CellRun) => { name: string; row: number; setWeight: (factor: number) => void },
): Loss {
  return chosen(tape, owner, layers, spikes)
    .map((run) => {
      const { name, row, setWeight } = attach(run);
      const N = run.activity.shape[1]!;
      const total = (values: Float32Array): number =>
        values.subarray(row * N, (row + 1) * N).reduce((a, b) => a + b, 0);
      return Loss.of(tape, { name, tensor: run.activity, sum: total, setWeight });
    })
    .reduce((a, b) => a.add(b));
}
