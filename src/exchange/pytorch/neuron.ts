import { GLIF } from '../../layers/glif.ts';
import type { Neurons } from '../../layers/neurons.ts';
import { input, lastSpike, parameter, state } from '../../neurons/definition.ts';
import { type Expr, topological } from '../../neurons/expr.ts';
import { OWN_WEIGHT } from '../../neurons/recurrence.ts';
import { timeless } from '../../neurons/wgsl.ts';
import { type Classes, indent } from './classes.ts';
import { declare, read } from './parameters.ts';
import { leakOf, logisticOf, printPython } from './print.ts';
import { schedule } from './schedule.ts';
import { spikeFunction } from './surrogate.ts';
import { plain, Variables } from './variables.ts';

/** The class of a layer of neurons, printed from its equations. @returns the call that makes the layer */
export function neuronModule(classes: Classes, layer: Neurons): string {
  const { kind } = layer.config;
  const name = classes.add(kind === 'Neuron' ? layer.definition.name : kind, (n) => neuronClass(classes, layer, n));
  const { weight, g } = layer.params;
  const steps = layer instanceof GLIF ? [g!.shape[0]!] : [];
  return `${name}(${[...(weight ? [layer.inputs] : []), layer.outputs, ...steps].join(', ')})`;
}

function neuronClass(classes: Classes, layer: Neurons, name: string): string {
  const { definition: def, recurrence } = layer;
  const { weight, bias } = layer.params;
  const gated = layer instanceof GLIF;
  const spike = def.z && layer.surrogate ? spikeFunction(classes, layer.surrogate, def.z.name) : null;

  const variables = new Variables();
  const given = new Map<Expr, string>([[input, variables.own('I')]]);
  if (spike) given.set(lastSpike, variables.own('z'));
  for (const s of def.states) given.set(state(s), variables.take(s));
  const varying = new Set(given.keys());
  const carried = [...def.states.map((s) => given.get(state(s))!), ...(spike ? ['z'] : [])];
  const next = def.states.map((s) => def.next[s]!);
  const roots = [...next, def.v, ...(def.z ? [def.z] : [])];
  const constants = constantLines(classes, layer, roots, given, variables);
  const step = schedule({
    roots,
    given,
    varying,
    prefer: preference(layer, given),
    finals: carried.map((variable, i) => [variable, next[i] ?? def.z!] as const),
    record: { node: def.v, line: (text) => `voltages.append(${text})` },
    spike: (x) => `${spike}.apply(${x})`,
    variables,
  });

  const current = weight || gated ? 'current' : 'x';
  const all = carried.length > 1 ? carried.join(', ') : `${carried[0]},`;
  const product = weight
    ? `F.linear(x, ${read(classes, layer, 'weight')}${bias ? `, ${read(classes, layer, 'bias')}` : ''})`
    : 'x';
  const from = weight ? 'inputs' : 'N';
  const what = spike ? 'spikes' : 'voltages';
  const shared = { dense: ', each sees the last spikes of all others', 'one-to-one': ', each sees its own last spike' };
  return [
    `class ${name}(nn.Module):`,
    ...indent([
      `"""${plain(def.name)} neurons${recurrence ? shared[recurrence] : ''}: [T, B, ${from}] to ${what} [T, B, N]."""`,
      '',
      `def __init__(self, ${weight ? 'inputs, ' : ''}N${gated ? ', steps' : ''}):`,
      ...indent(['super().__init__()', ...declare(layer, shapeOf(layer), meaningOf(layer))]),
      '',
      'def forward(self, x, state=None):',
      ...indent([
        ...constants,
        ...(current === 'x' ? [] : [`current = ${product}`]),
        ...(gated ? gateLines(classes, layer) : []),
        ...(recurrence === 'dense' ? [`recurrent = ${read(classes, layer, 'recurrent.weight')}`] : []),
        `${carried.length > 1 ? all : `(${all})`} = ${current}.new_zeros(${carried.length}, *${current}.shape[1:]) if state is None else state`,
        spike ? 'spikes, voltages = [], []' : 'voltages = []',
        `for I in ${current}:`,
        ...indent([
          ...(recurrence === 'dense' ? ['I = I + F.linear(z, recurrent)'] : []),
          ...step,
          ...(spike ? ['spikes.append(z)'] : []),
        ]),
        ...(spike ? ['spikes = torch.stack(spikes)'] : []),
        'voltages = torch.stack(voltages)',
        `recorded = {${spike ? "'spikes': spikes, " : ''}'voltage': voltages}`,
        `return ${what}, torch.stack((${all})), recorded`,
      ]),
    ]),
  ].join('\n');
}

const shapeOf =
  (layer: Neurons) =>
  (name: string): string => {
    const { shape } = layer.params[name]!;
    if (name === 'weight_signs') return 'inputs';
    if (name.startsWith('weight')) return 'N, inputs';
    if (name === 'g' && layer instanceof GLIF) return 'steps, N';
    if (shape.length === 2) return 'N, N';
    return shape[0] === 1 ? '1' : 'N';
  };

const meaningOf =
  (layer: Neurons) =>
  (name: string): string | undefined => {
    const { params } = layer.definition;
    const spec = Object.hasOwn(params, name) ? params[name] : undefined;
    if (layer instanceof GLIF && name === 'b') return "gate of the input (logit): how much the step's g counts";
    if (layer instanceof GLIF && name === 'g') return 'how far the gate is open at each step (logit)';
    return spec && `${spec.meaning}${spec.unit ? ` (${spec.unit})` : ''}`;
  };

/** The neuron's constants, and what can be computed from them before the loop over time. Fills `given`. */
function constantLines(
  classes: Classes,
  layer: Neurons,
  roots: readonly Expr[],
  given: Map<Expr, string>,
  variables: Variables,
): string[] {
  const { params } = layer.definition;
  const used = new Set(topological(roots));
  const lines: string[] = [];
  for (const n of Object.keys(params)) {
    const leaf = parameter(n);
    if (!used.has(leaf)) continue;
    given.set(leaf, variables.take(n));
    lines.push(`${given.get(leaf)} = ${read(classes, layer, n === OWN_WEIGHT ? 'recurrent.weight' : n)}`);
  }
  const constants = new Set(Object.keys(params).map(parameter));
  const parts = timeless(roots, (e) => constants.has(e), { has: (e) => given.has(e) && !constants.has(e) });
  for (const e of topological(parts).filter((p) => parts.includes(p))) {
    const text = printPython(e, { names: (a) => given.get(a) });
    given.set(e, variables.take(timelessName(e, constants)));
    lines.push(`${given.get(e)} = ${text}`);
  }
  return lines;
}

/** What a part that depends on constants alone is called: `decay_tau`, `lost_tau`, `sigmoid_k`, `a_tau`. */
function timelessName(e: Expr, constants: ReadonlySet<Expr>): string {
  const leaves = topological([e])
    .filter((a) => constants.has(a))
    .map((a) => a.name.slice(a.name.indexOf('.') + 1));
  const prefix = leakOf(e) ?? (logisticOf(e) ? 'sigmoid' : leaves.length === 1 && e.op !== 'add' ? 'of' : null);
  return [...(prefix ? [prefix] : []), ...leaves].join('_');
}

/** The variable that suits a node: its state's, or that of the state which it is on the way to. */
function preference({ definition: def }: Neurons, given: ReadonlyMap<Expr, string>): (e: Expr) => string | undefined {
  const below = new Map<Expr, ReadonlySet<Expr>>();
  const within = (root: Expr): ReadonlySet<Expr> => {
    const known = below.get(root) ?? new Set(topological([root]));
    below.set(root, known);
    return known;
  };
  const theta = movingThreshold(def.z);
  return (e) => {
    if (e === def.z) return 'z';
    const own = def.states.find((s) => def.next[s] === e);
    if (own !== undefined) return given.get(state(own));
    if (e === theta) return 'theta';
    if (e === def.v) return 'v';
    const towards = def.states.find((s) => within(e).has(state(s)) && within(def.next[s]!).has(e));
    return towards === undefined ? undefined : given.get(state(towards));
  };
}

/** theta in a spike of (v - theta)/..., where it is more than a parameter. */
function movingThreshold(z: Expr | null): Expr | null {
  let x = z?.args[0];
  if (x?.op === 'where') x = x.args[2]!;
  if (x?.op !== 'div' || x.args[0]!.op !== 'sub') return null;
  const theta = x.args[0]!.args[1]!;
  return theta.op === 'leaf' || theta.op === 'const' ? null : theta;
}

/** The gate on what arrives from outside, with a value for each step. */
function gateLines(classes: Classes, layer: Neurons): string[] {
  return [
    'if x.shape[0] > self.g.shape[0]:',
    "    raise ValueError(f'the gate has {self.g.shape[0]} steps, the input has {x.shape[0]}')",
    `opening = torch.sigmoid(${read(classes, layer, 'g')}[: x.shape[0], None])`,
    `current = current * (1 - torch.sigmoid(${read(classes, layer, 'b')}) * (1 - opening))`,
  ];
}
