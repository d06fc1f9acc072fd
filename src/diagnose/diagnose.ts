import type { Engine } from '../autograd/engine.ts';
import type { CellRun } from '../autograd/ops/cell_node.ts';
import { inputOf, type SampleForm } from '../autograd/sample.ts';
import type { Tape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { ACTIVITY } from '../kernels/activity.ts';
import type { Sequential } from '../layers/sequential.ts';
import { crossEntropy } from '../loss/index.ts';
import type { Regularizer } from '../loss/regularize.ts';
import { answersOf, type LossFunction } from '../loss/result.ts';
import { onlyKnown } from '../neurons/nearest.ts';
import { judgeActivity, judgeBursts } from './activity.ts';
import { digits, type Finding, finding } from './finding.ts';
import { judgeGradients, type LayerGradient, sumUp } from './gradients.ts';

/** Some samples to look at a net with; what `batch` of a `Dataset` gives is one. */
export interface Sample {
  /** [T, B, inputs], time-major. */
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  /** What the loss takes, one of the two; without it nothing is said of gradients. */
  readonly labels?: ArrayLike<number>;
  readonly targets?: ArrayLike<number> | undefined;
  readonly lengths?: ArrayLike<number> | undefined;
  readonly mask?: ArrayLike<number> | undefined;
  readonly form?: SampleForm;
}

export interface DiagnoseOptions {
  /** Cross entropy at the last step by default. */
  readonly loss?: LossFunction;
  readonly regularizers?: readonly Regularizer[];
  /** For everything random in the step. */
  readonly seed?: number;
}

/** What a layer of neurons did in the step. */
export interface LayerReport {
  readonly label: string;
  /** Spikes per neuron and step; null for neurons that do not spike. */
  readonly rate: number | null;
  readonly voltageMin: number;
  readonly voltageMax: number;
  /** Root mean square of the gradient by the current; null without labels, and where nothing before or in it learns. */
  readonly gradient: LayerGradient | null;
}

/** What `diagnose` found. */
export class Diagnosis {
  constructor(
    readonly layers: readonly LayerReport[],
    readonly findings: readonly Finding[],
  ) {}

  /** Whether nothing was found. */
  get healthy(): boolean {
    return this.findings.length === 0;
  }

  /** A table of the layers, then the findings with what usually helps. */
  toString(): string {
    const rows = this.layers.map((l) => [
      l.label,
      l.rate === null ? '' : digits(l.rate),
      digits(l.voltageMin),
      digits(l.voltageMax),
      l.gradient ? digits(l.gradient.all) : '',
    ]);
    const table = [['layer', 'rate', 'smallest v', 'largest v', 'gradient'], ...rows];
    const widths = table[0]!.map((_, k) => Math.max(...table.map((r) => r[k]!.length)));
    const lines = table.map((r) => r.map((x, k) => (k ? x.padStart(widths[k]!) : x.padEnd(widths[k]!))).join('  '));
    const found = this.findings.map((f) => `${f.where}: ${f.kind}: ${f.text}\n  what helps: ${f.help}`);
    return [...lines, ...(found.length ? found : ['nothing found'])].join('\n');
  }
}

/**
 * Runs one step of training, after which the net is as it was, and says what is wrong with a net: neurons that are dead, saturated or
 * bursting, voltages far outside the threshold's range, gradients that vanish or explode from layer to layer or over time,
 * and the first operation whose result is not finite. Each with the number seen and what usually helps. `LIMITS` in
 * src/diagnose/finding.ts says from where on.
 *
 * @param net bound to the engine here, unless it is already; then with the parameters that the device has
 * @throws when the sample does not fit the net
 */
export async function diagnose(
  engine: Engine,
  net: Sequential,
  sample: Sample,
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  onlyKnown('diagnose', options, ['loss', 'regularizers', 'seed']);
  const { loss: lossOf = crossEntropy(), regularizers = [], seed = 0 } = options;
  const parameters = net.parameters();
  const arena = parameters[0] && engine.arenaOf(parameters[0]);
  const all = arena && (await arena.device.read(arena.params, 0, arena.total));
  for (const p of parameters) {
    const data = all?.subarray(arena!.offset(p), arena!.offset(p) + p.data.length) ?? p.data;
    const bad = data.find((x) => !Number.isFinite(x));
    if (bad === undefined) continue;
    return new Diagnosis([], [finding('not finite', `parameter '${p.name}'`, bad, `it has the value ${bad}`)]);
  }
  if (!arena) engine.bind(net);
  const { shape, values, labels, targets, mask, lengths: given, form = 'f32' } = sample;
  const training = Boolean(labels?.length || targets?.length);
  const tape = engine.tape({ seed, training, observe: true });
  const outputs = net.forward(inputOf(tape, { values, shape, form, lengths: given }));
  if (training) {
    const { loss } = lossOf(outputs, answersOf({ labels, targets }, lossOf), { mask });
    regularizers.reduce((sum, add) => sum.add(add(tape)), loss).backward();
  }
  watch(tape);
  await tape.run();

  const wrong = await firstNotFinite(tape);
  const layers: LayerReport[] = [];
  const gradients: LayerGradient[] = [];
  const findings: Finding[] = wrong ? [wrong] : [];
  for (const run of tape.cells) {
    const [T, B, N] = run.v.shape as [number, number, number];
    const lengths = run.v.lengths?.values ?? new Array<number>(B).fill(T);
    const steps = Array.from(lengths).reduce((a, b) => a + b, 0);
    const activity = await run.activity.read();
    const row = (k: number): Float32Array => activity.subarray(k * N, (k + 1) * N);
    const spikes = row(ACTIVITY.spikes);
    const [smallest, largest] = [row(ACTIVITY.smallest), row(ACTIVITY.largest)];
    if (steps === 0) throw new Error(`diagnose: no sample has a valid step at ${run.label}`);
    if (run.z) {
      const threshold = run.constants.threshold?.data ?? [1];
      findings.push(...judgeActivity({ label: run.label, spikes, smallest, largest, steps, threshold }));
      findings.push(...judgeBursts(run.label, await run.z.read(), run.v.shape, lengths));
    }
    // where nothing before or in a layer learns, no gradient is computed
    const gradient =
      training && run.v.requiresGrad ? sumUp(run.label, await run.currentGradient.read(), run.v.shape, lengths) : null;
    if (gradient) gradients.push(gradient);
    layers.push({
      label: run.label,
      rate: run.z ? spikes.reduce((a, b) => a + b, 0) / Math.max(1, N * steps) : null,
      voltageMin: smallest.reduce((a, b) => Math.min(a, b)),
      voltageMax: largest.reduce((a, b) => Math.max(a, b)),
      gradient,
    });
  }
  // of numbers that are not finite, sizes say nothing
  if (!wrong) findings.push(...judgeGradients(gradients));
  return new Diagnosis(layers, findings);
}

/** Has the step leave everything that is looked at. */
function watch(tape: Tape): void {
  const cells = new Map(tape.cells.map((run) => [run.v, run]));
  for (const node of tape.nodes) {
    const run = node.outputs.map((t) => cells.get(t)).find((r) => r !== undefined);
    if (run) run.extras.monitored = true;
    const made = run ? valuesOf(run, tape.loss !== null) : node.outputs;
    for (const t of made) if (t.form === 'f32' || t.form === 'bits') t.keep();
  }
}

/** What a layer of neurons leaves; the gradient last. */
const valuesOf = (run: CellRun, training: boolean): Tensor[] => [
  ...(run.z ? [run.z] : []),
  run.v,
  run.final,
  run.activity,
  ...Object.values(run.states),
  ...(training ? [run.currentGradient] : []),
];

/** The first operation, forward and then backward, whose result is not finite. */
async function firstNotFinite(tape: Tape): Promise<Finding | null> {
  const gradients = tape.loss ? tape.cells.map((c) => c.currentGradient) : [];
  const look = async (t: Tensor, direction: string): Promise<Finding | null> => {
    const values = await t.read();
    const at = values.findIndex((x) => !Number.isFinite(x));
    if (at < 0) return null;
    const text = `${direction}: ${t} has ${values[at]} at [${placeOf(at, t.shape).join(', ')}]`;
    return finding('not finite', labelOf(tape, t), values[at]!, text);
  };
  for (const t of tape.nodes.flatMap((node) => node.outputs)) {
    const found = t.form === 'f32' && tape.kept.has(t) && !gradients.includes(t) ? await look(t, 'forward') : null;
    if (found) return found;
  }
  for (const t of gradients.reverse()) {
    const found = await look(t, 'backward');
    if (found) return found;
  }
  if (!tape.loss || !tape.arena) return null;
  for (const [name, g] of await tape.arena.gradients()) {
    const at = g.findIndex((x) => !Number.isFinite(x));
    if (at >= 0) return finding('not finite', name, g[at]!, `backward: its gradient has ${g[at]} at ${at}`);
  }
  return null;
}

const labelOf = (tape: Tape, t: Tensor): string => tape.nodes.find((n) => n.outputs.includes(t))?.label ?? t.name;

/** The indices of the element number `at`. */
function placeOf(at: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  for (const n of [...shape].reverse()) {
    place.unshift(at % n);
    at = Math.floor(at / n);
  }
  return place;
}
