import type { Gated } from '../../gated/layer.ts';
import { fromInput, fromStates } from '../../kernels/gated_cell.ts';
import { GLIF } from '../../layers/glif.ts';
import type { Neurons } from '../../layers/neurons.ts';
import { input, lastSpike, parameter, state } from '../../neurons/definition.ts';
import { type Expr, topological } from '../../neurons/expr.ts';
import { OWN_WEIGHT } from '../../neurons/recurrence.ts';
import { effectiveWeights } from '../weights.ts';
import type { Scope } from './builder.ts';
import { type Constant, printOnnx } from './expressions.ts';
import type { Flow, NetGraph } from './net_graph.ts';

/** Spikes of the last step, among the states. */
const SPIKES = 'z';

/** Adds a layer of neurons: its equations as they are defined, printed once and looped over. */
export function addNeurons(g: NetGraph, layer: Neurons, place: string, x: Flow): Flow {
  const { definition: def, outputs: N, recurrence } = layer;
  const current = arriving(g, layer, x);
  const roots = [...def.states.map((s) => def.next[s]!), ...(def.z ? [def.z] : []), def.v];
  const needsSpikes = recurrence === 'dense' || topological(roots).includes(lastSpike);
  const states = [...def.states, ...(needsSpikes ? [SPIKES] : [])];
  const [spikes, voltage] = [`spikes.${place}`, `voltage.${place}`];
  const { record } = g.options;
  const puts = [...(def.z ? [spikes] : []), ...(record || !def.z ? [voltage] : [])];
  const constants = constantsOf(g, layer);
  const among = recurrence === 'dense' ? transposed(g, layer) : null;

  /** The voltage within a step, put out or not. */
  let seen = voltage;
  g.overTime(
    { ...x, name: current, width: N },
    {
      place,
      width: N,
      states,
      puts,
      step(scope, now, before, own) {
        const last = before.get(SPIKES);
        const fed = among ? scope.add('Add', [now, scope.add('MatMul', [last!, among])]) : now;
        const values = new Map<Expr, string>([[input, fed]]);
        for (const s of def.states) values.set(state(s), before.get(s)!);
        if (last) values.set(lastSpike, last);
        // where one expression has two uses, the first one's name is the node's
        const names = new Map<Expr, string>();
        const wish = (e: Expr, name: string): void => {
          if (!names.has(e) && !values.has(e)) names.set(e, name);
        };
        if (def.z) wish(def.z, own(spikes));
        if (puts.includes(voltage)) wish(def.v, own(voltage));
        for (const s of def.states) wish(def.next[s]!, own(`state.${place}.${s}.next`));
        wish(def.v, own(voltage));
        const leaves = { owner: g.home(layer), values, constants };
        const printed = printOnnx(scope, roots, leaves, names).map((value) => ofEach(scope, value, now, values));
        const z = def.z ? [printed[def.states.length]!] : [];
        seen = printed.at(-1)!;
        return {
          after: [...printed.slice(0, def.states.length), ...(needsSpikes ? z : [])],
          put: [...z, ...(puts.includes(voltage) ? [seen] : [])],
        };
      },
    },
  );
  for (const name of puts) if (record) g.output(name, { ...x, width: N });
  const { dt } = layer.options as { dt?: number };
  g.notes.push({
    label: `${place} ${layer.config.kind}`,
    N,
    spikes: def.z && spikes,
    voltage: puts.includes(voltage) ? voltage : seen,
    dt: dt ?? null,
  });
  return { ...x, name: def.z ? spikes : voltage, width: N };
}

/** A value of every neuron and sample, also where it is the same for all of them. */
function ofEach(scope: Scope, value: string, now: string, values: ReadonlyMap<Expr, string>): string {
  const made = scope.nodes.some(({ outputs }) => outputs.includes(value)) || [...values.values()].includes(value);
  return made ? value : scope.add('Expand', [value, scope.shapeOf(now)]);
}

/** The current from outside: all products, over all steps at once. */
function arriving(g: NetGraph, layer: Neurons, x: Flow): string {
  const current = layer.params.weight ? g.product(layer, x.name) : x.name;
  return layer instanceof GLIF ? gated(g, layer, { ...x, name: current }) : current;
}

/** x (1 - b (1 - g_t)), for each step and neuron a factor. */
function gated(g: NetGraph, layer: GLIF, x: Flow): string {
  const sigmoid = (y: number): number => 1 / (1 + Math.exp(-y));
  const [b, open] = [effectiveWeights(layer, 'b'), effectiveWeights(layer, 'g')];
  const N = layer.outputs;
  const shares = open.map((o, i) => 1 - sigmoid(b[i % N]!) * (1 - sigmoid(o)));
  const table = g.constants.reals(`${g.home(layer)}.gate`, [open.length / N, N], shares);
  return g.scope.add('Mul', [x.name, byStep(g, table, x)]);
}

/** Rows of a table [steps, N], one for each step at hand: [T, 1, N], in steps [1, N]. */
export function byStep(g: NetGraph, table: string, x: Flow): string {
  const rows = g.scope.add('Gather', [table, g.steps(x)]);
  return g.stepping ? rows : g.scope.add('Unsqueeze', [rows, g.constants.ints([1])]);
}

function transposed(g: NetGraph, layer: Neurons | Gated): string {
  return g.scope.add('Transpose', [g.parameter(layer, 'recurrent.weight')], { perm: [1, 0] });
}

function constantsOf(g: NetGraph, layer: Neurons): Map<Expr, Constant> {
  return new Map(
    Object.keys(layer.definition.params).map((name) => {
      const held = name === OWN_WEIGHT ? 'recurrent.weight' : name;
      return [
        parameter(name),
        { values: effectiveWeights(layer, held), initializer: () => g.parameter(layer, held) },
      ] as const;
    }),
  );
}

/** Adds LSTM, GRU and the like, by their equations. */
export function addGated(g: NetGraph, layer: Gated, place: string, x: Flow): Flow {
  const { cell, outputs: H } = layer;
  const { gates, states, next } = cell;
  const output = `output.${place}`;
  const recurrent = transposed(g, layer);
  const bias = layer.params['recurrent.bias'] ? g.parameter(layer, 'recurrent.bias') : null;
  const roots = states.map((s) => next[s]!);
  g.overTime(
    { ...x, name: g.product(layer, x.name), width: gates.length * H },
    {
      place,
      width: H,
      states,
      puts: [output],
      step(scope, now, before, own) {
        const product = scope.add('MatMul', [before.get(states[0]!)!, recurrent]);
        const sums = bias ? scope.add('Add', [product, bias]) : product;
        const values = new Map<Expr, string>(states.map((s) => [state(s), before.get(s)!]));
        for (const [of, given] of [
          [fromInput, now],
          [fromStates, sums],
        ] as const) {
          const parts = gates.map((gate) => g.constants.name(`${place}.${of(gate).name}`));
          const sizes = g.constants.ints(gates.map(() => H));
          scope.addWith('Split', [given, sizes], { axis: -1 }, parts);
          gates.forEach((gate, i) => {
            values.set(of(gate), parts[i]!);
          });
        }
        const names = new Map(states.map((s) => [next[s]!, own(`state.${place}.${s}.next`)]));
        const after = printOnnx(scope, roots, { owner: g.home(layer), values, constants: new Map() }, names);
        return { after, put: [after[0]!] };
      },
    },
  );
  return { ...x, name: output, width: H };
}
