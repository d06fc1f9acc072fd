import type { Parameter } from '../../../autograd/parameter.ts';
import { Conv2d } from '../../../layers/conv2d.ts';
import { Dropout } from '../../../layers/dropout.ts';
import { Flatten } from '../../../layers/flatten.ts';
import type { Layer } from '../../../layers/layer.ts';
import { Linear } from '../../../layers/linear.ts';
import type { Neurons } from '../../../layers/neurons.ts';
import { Parallel } from '../../../layers/parallel.ts';
import { AvgPool2d, SumPool2d } from '../../../layers/pool2d.ts';
import { Residual } from '../../../layers/residual.ts';
import { Sequential } from '../../../layers/sequential.ts';
import type { Form } from '../form/form.ts';
import { NoForm } from '../form/no_form.ts';
import { type Cell, unfit } from './cells.ts';
import { diagonal, MOST_SCALED, type Part } from './parts.ts';
import { layerFor } from './restore.ts';
import { type Branches, isBranches, type Series } from './series.ts';

type Cells = Extract<Part, { kind: 'cell' }>;
type Weights = Extract<Part, { kind: 'dense' | 'conv' }>;

/**
 * Parts as a net. Gains of neurons go into the weights before them, into their thresholds where there are none.
 *
 * @param notes get what could not be taken over
 * @throws naming the node that no layer computes
 */
export function buildLayers(series: Series<Part>, notes: string[]): Sequential {
  const layers = rowOf(series, notes);
  if (!layers.length) throw new Error('NIR graph: leads from its Input to its Output by nothing that a layer computes');
  return new Sequential(...layers);
}

function rowOf(series: Series<Part>, notes: string[]): Layer[] {
  const layers: Layer[] = [];
  // weights wait until it is known whether neurons follow whose gain they take
  let waiting: Weights | null = null;
  const release = (): void => {
    if (waiting) layers.push(weightsLayer(waiting));
    waiting = null;
  };
  for (const part of series.flatMap(split)) {
    if (isBranches(part)) {
      release();
      const rows = part.branches.map((branch) => {
        const row = rowOf(branch, notes);
        // a branch that does nothing is one that drops nothing
        return row.length ? row : [new Dropout(widthOf(branch), 0)];
      });
      layers.push(joined(rows, part.past));
    } else if (part.kind === 'dense' || part.kind === 'conv') {
      release();
      waiting = { ...part };
    } else if (part.kind === 'cell') {
      const made = neurons(part, waiting, notes);
      if (made.takes) waiting = null;
      else release();
      layers.push(...made.layers);
    } else if (part.kind === 'pool') {
      release();
      const { input, kernel, stride, padding } = part.window;
      const Pool = part.mean ? AvgPool2d : SumPool2d;
      try {
        layers.push(new Pool(input, kernel, { stride, padding }));
      } catch (error) {
        unfit(part.place, { type: part.mean ? 'AvgPool2d' : 'SumPool2d' }, (error as Error).message);
      }
    } else if (part.kind === 'flatten') {
      release();
      layers.push(new Flatten(part.planes));
    }
  }
  release();
  return layers;
}

/** A synaptic current before neurons that do not spike is a leaky integrator before another. */
function split(part: Part | Branches<Part>): (Part | Branches<Part>)[] {
  if (isBranches(part) || part.kind !== 'cell') return [part];
  const { form } = part.cell;
  const { synapse } = form;
  if (form.threshold || !synapse) return [part];
  const none = new Float64Array(form.N);
  const first: Form = { ...form, alpha: synapse.alpha, gain: synapse.gain, offset: none, synapse: null };
  const cell = (of: Form): Part => ({ ...part, hint: null, cell: { ...part.cell, form: of } });
  return [cell(first), cell({ ...form, synapse: null, late: false })];
}

function widthOf(branch: Series<Part>): number {
  for (const part of branch) if (!isBranches(part) && part.kind === 'nothing' && part.width !== null) return part.width;
  throw new Error('NIR graph: has a branch of which no node says how wide it is');
}

/** Branches and their sum. */
function joined(rows: readonly Layer[][], past: boolean): Layer {
  if (past && rows.length === 1) return new Residual(...rows[0]!);
  const branches = rows.map((row) => (row.length === 1 ? row[0]! : new Sequential(...row)));
  // what goes past is a branch that does nothing
  const nothing = past ? [new Dropout(branches[0]!.outputs, 0)] : [];
  return new Parallel([...branches, ...nothing], { merge: 'sum' });
}

function weightsLayer(part: Weights): Layer {
  const layer =
    part.kind === 'dense'
      ? new Linear(part.inputs, part.outputs, { bias: part.bias !== null })
      : new Conv2d(part.window.input, part.window.output[0], part.window.kernel, {
          stride: part.window.stride,
          padding: part.same ? 'same' : part.window.padding,
          dilation: part.window.dilation,
          groups: part.window.groups,
        });
  put(layer.params.weight!, part.weight);
  if (part.bias) put(layer.params.bias!, part.bias);
  return layer;
}

function put(parameter: Parameter, values: ArrayLike<number>): void {
  parameter.data.set(values);
  // zeros are values too
  parameter.drawn = true;
}

/** Neurons with what comes before them. */
function neurons(part: Cells, before: Weights | null, notes: string[]): { layers: Layer[]; takes: boolean } {
  try {
    return fitted(part, before, notes);
  } catch (error) {
    if (error instanceof NoForm) return unfit(part.place, { type: part.hint?.kind ?? 'neurons' }, error.message);
    throw new Error(`NIR node '${part.place}': ${(error as Error).message}`);
  }
}

function fitted(part: Cells, before: Weights | null, notes: string[]): { layers: Layer[]; takes: boolean } {
  const { cell, hint } = part;
  const { form } = cell;
  const say = (texts: readonly string[]): void => {
    for (const text of texts) notes.push(`'${part.place}' ${text}`);
  };
  const first = layerFor(cell, hint, null);
  const factor = gainOf(form).map((g, n) => g / gainOf(first.form)[n]!);
  const shift = form.offset.map((o, n) => (o - first.form.offset[n]!) / gainOf(first.form)[n]!);
  const constant = shift.some((x) => x !== 0);
  if (form.late && constant) throw new NoForm('its input is late by a step, and a constant current is not');
  if (form.synapse && constant)
    throw new NoForm('v_leak is a constant current behind the synapse, and a bias comes before it');
  const dense = before?.kind === 'dense' && before.outputs === form.N ? before : null;
  const isPlain = factor.every((f) => f === 1) && shift.every((x) => x === 0);
  const scaled: Cell = {
    ...cell,
    recurrent: cell.recurrent?.map((w, i) => w * factor[Math.floor(i / form.N)]!) ?? null,
    recurrentBias: cell.recurrentBias?.map((b, n) => b * factor[n]!) ?? null,
  };
  const owns = dense !== null && dense.owner !== null && dense.owner === part.was;
  if (isPlain || (before && rescaled(before, factor, shift))) {
    const own = owns ? { inputs: dense.inputs, bias: dense.bias !== null } : null;
    const { layer, notes: said } = layerFor(scaled, hint, own);
    say(said);
    fill(layer, scaled);
    if (!owns) return { layers: before ? [weightsLayer(before), layer] : [layer], takes: before !== null };
    put(layer.params.weight!, dense.weight);
    if (dense.bias) put(layer.params.bias!, dense.bias);
    return { layers: [layer], takes: true };
  }
  if (form.threshold && shift.every((x) => x === 0)) {
    const { layer, notes: said } = layerFor(inUnits(cell, factor), null, null);
    say([...said, 'has its gain in its thresholds']);
    fill(layer, cell);
    return { layers: [layer], takes: false };
  }
  if (form.N > MOST_SCALED)
    throw new NoForm(`its gain would be a matrix of ${form.N} by ${form.N}, more than ${MOST_SCALED}`);
  const between: Weights = { kind: 'dense', place: part.place, ...diagonal(factor), bias: shift, owner: null };
  const { layer, notes: said } = layerFor(scaled, hint, null);
  say(said);
  fill(layer, scaled);
  return { layers: [weightsLayer(between), layer], takes: false };
}

/** What a unit of input adds to the voltage, synapse and membrane together. */
const gainOf = ({ gain, synapse }: Form): Float64Array => gain.map((g, n) => g * (synapse ? synapse.gain[n]! : 1));

/**
 * Weights times a factor for each output, and a shift. @returns whether channels allow it; otherwise nothing changes
 */
function rescaled(part: Weights, factor: Float64Array, shift: Float64Array): boolean {
  const rows = part.kind === 'dense' ? part.outputs : part.window.output[0];
  const each = factor.length / rows;
  if (!Number.isInteger(each)) return false;
  const alike = (x: Float64Array): boolean => x.every((v, i) => v === x[Math.floor(i / each) * each]);
  if (!alike(factor) || !alike(shift)) return false;
  const columns = part.weight.length / rows;
  part.weight = part.weight.map((w, i) => w * factor[Math.floor(i / columns) * each]!);
  const shifts = shift.some((x) => x !== 0);
  if (part.bias || shifts)
    part.bias = Float64Array.from(
      { length: rows },
      (_, r) => (part.bias?.[r] ?? 0) * factor[r * each]! + shift[r * each]!,
    );
  return true;
}

/** The same neurons with voltages in other units, so that the gain is 1 in place of the factor. */
function inUnits(cell: Cell, factor: Float64Array): Cell {
  const { form } = cell;
  const bad = factor.findIndex((f) => !(f > 0));
  if (bad >= 0) throw new NoForm(`the gain of neuron ${bad} is ${factor[bad]}, not above 0`);
  const by = (x: Float64Array): Float64Array => x.map((v, n) => v / factor[n]!);
  const { reset, trace } = form;
  return {
    ...cell,
    form: {
      ...form,
      gain: by(form.gain),
      threshold: form.threshold && by(form.threshold),
      reset:
        reset.kind === 'value'
          ? { kind: 'value', to: by(reset.to) }
          : reset.kind === 'subtract'
            ? { kind: 'subtract', amount: by(reset.amount) }
            : reset,
      trace: trace && { ...trace, weight: by(trace.weight) },
    },
  };
}

/** Puts the weights among a layer's neurons in place. */
function fill(layer: Neurons, { recurrent, form: { N } }: Cell): void {
  const parameter = layer.params['recurrent.weight'];
  if (!recurrent || !parameter) return;
  const own = parameter.shape.length === 1;
  put(
    parameter,
    own
      ? Float64Array.from({ length: N }, (_, n) => recurrent[n * N + n]!)
      : recurrent.map((w, i) => (Math.floor(i / N) === i % N ? 0 : w)),
  );
}
