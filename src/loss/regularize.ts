import { Loss } from '../autograd/loss.ts';
import type { CellRun } from '../autograd/ops/cell_node.ts';
import type { Tape } from '../autograd/tape.ts';
import { ACTIVITY } from '../kernels/activity.ts';
import { type Expr, relu } from '../neurons/expr.ts';

/** Adds to the loss of a step, for every spiking layer that it runs. Call it after the forward pass. */
export type Regularizer = (tape: Tape) => Loss;

/**
 * Keeps each neuron's mean rate near a target: weight * sum over neurons of (mean over batch and time of z - target)^2.
 *
 * @param options target in spikes per step (0.02); weight (0.1)
 */
export function rate(options: { target?: number; weight?: number } = {}): Regularizer {
  const { target = 0.02, weight = 0.1 } = options;
  if (!(target >= 0 && target <= 1))
    throw new Error(`regularize.rate: target must be in 0..1 spikes per step, got ${target}`);
  finite('rate', weight);
  const penalty = {
    name: 'squared distance',
    constants: { target },
    of: (r: Expr, constant: (name: string) => Expr) => r.sub(constant('target')).mul(r.sub(constant('target'))),
  };
  return (tape) =>
    sum(tape, 'regularize.rate', (run) => {
      if (run.extras.rate) throw new Error('regularize.rate: this step has a rate regulariser already');
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

/**
 * Keeps the membrane voltage within the threshold on both sides, which lets a net fire sparsely:
 * weight * mean over batch and time of sum over neurons of relu(v - theta)^2 + relu(-v - theta)^2.
 *
 * @param options weight (1e-4)
 */
export function voltage(options: { weight?: number } = {}): Regularizer {
  const { weight = 1e-4 } = options;
  finite('voltage', weight);
  const square = (x: Expr): Expr => x.mul(x);
  const penalty = {
    name: 'beyondThreshold',
    of: (v: Expr, param: (name: string) => Expr) => {
      const theta = param('threshold');
      return square(relu(v.sub(theta))).add(square(relu(v.neg().sub(theta))));
    },
  };
  return (tape) =>
    sum(tape, 'regularize.voltage', (run) => {
      if (run.extras.penalties.some((p) => p.penalty.name === penalty.name))
        throw new Error('regularize.voltage: this step has a voltage regulariser already');
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

function sum(
  tape: Tape,
  owner: string,
  attach: (run: CellRun) => { name: string; row: number; setWeight: (factor: number) => void },
): Loss {
  const runs = tape.cells.filter((r) => r.z);
  if (runs.length === 0) throw new Error(`${owner}: the step has no spiking layer yet; call it after the forward pass`);
  return runs
    .map((run) => {
      const { name, row, setWeight } = attach(run);
      const N = run.activity.shape[1]!;
      const total = (values: Float32Array): number =>
        values.subarray(row * N, (row + 1) * N).reduce((a, b) => a + b, 0);
      return Loss.of(tape, { name, tensor: run.activity, sum: total, setWeight });
    })
    .reduce((a, b) => a.add(b));
}

function finite(name: string, weight: number): void {
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new Error(`regularize.${name}: weight must be finite and not below 0, got ${weight}`);
}
