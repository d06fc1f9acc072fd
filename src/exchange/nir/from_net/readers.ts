import { isGraph, type NirGraph, type NirNode } from '../file/graph.ts';
import { hasCycle, orderOf } from '../run/order.ts';
import { isNeuron, type Leaky, type Rule, requireKnown, ruleOf } from '../run/rules.ts';
import { type Semantics, type SemanticsName, semantics, semanticsNames } from '../run/semantics.ts';
import { rewriteForSnntorch } from '../run/snntorch_rewrite.ts';

/**
 * What is known of the programs that read such files: whether each reads this graph, and the neurons as the
 * specification has them, in steps of dt seconds.
 *
 * @returns a line for those that do, and one for each that does not, with the first reason
 */
export function readerNotes(graph: NirGraph, dt: number): string[] {
  const alike: string[] = [];
  const others: string[] = [];
  for (const name of semanticsNames) {
    if (name === 'nir') continue;
    const why = objection(graph, name, dt);
    if (why === null) alike.push(`${name}${hint(graph, name, dt)}`);
    else others.push(`${semantics[name].title}: ${why}`);
  }
  return [`readers known to run the file as it is meant: ${alike.join(', ') || 'none'}`, ...others];
}

/** What a user of the program has to know. */
function hint(graph: NirGraph, name: SemanticsName, dt: number): string {
  const says: string[] = [];
  if (name === 'norse') {
    if (dt !== semantics.norse.dt) says.push(`told dt=${dt}`);
    if ([...nodesOf(graph)].some(([, node]) => node.type === 'LI'))
      says.push('the development version: 1.1.0 has no LI');
  }
  return says.length ? ` (${says.join('; ')})` : '';
}

/** Why a program would not run the graph as it is meant; null where it does. */
function objection(graph: NirGraph, name: SemanticsName, dt: number): string | null {
  const s: Semantics = semantics[name];
  if (s.dtFixed && s.dt !== dt && s.decay !== 'exponential')
    return `it takes steps of ${s.dt === 1 ? 'one unit of tau' : `${s.dt} s`}, the file is meant for ${dt} s`;
  if (s.cycles === 'none' && graphs(graph).some((g) => hasCycle(orderOf('', g)))) return 'it runs no recurrence';
  if (s.cycles === 'nested' && hasCycle(orderOf('', graph))) return 'it runs recurrence only in a graph of its own';
  if (name === 'snntorch' && rewriteForSnntorch(graph) !== graph)
    return "it rewrites flat recurrence and then feeds the input to the recurrent matrix; recurrence 'nested' it reads";
  try {
    for (const [path, node] of nodesOf(graph)) {
      requireKnown(path, node, s);
      if (!isNeuron(node)) continue;
      const why = difference(ruleOf(path, node, semantics.nir, dt), ruleOf(path, node, s, dt));
      if (why) return `it reads '${path}' (${node.type}) otherwise: ${why}`;
    }
  } catch (error) {
    return (error as Error).message
      .replace(`${s.title} refuses it: `, '')
      .replace(/: [^:]* has no (\w+); it reads .*/, ': it has no $1');
  }
  return null;
}

/** How two updates of a node differ in their spikes, whatever unit their voltages have. */
function difference(a: Rule, b: Rule): string | null {
  const near = (x: Float64Array, y: Float64Array): boolean =>
    x.every((value, n) => Math.abs(value - y[n]!) <= 1e-6 * (Math.abs(value) + 1e-12));
  if (b.late) return 'it fires a step late';
  if (b.several) return 'it may fire several times in a step';
  if (b.afterDecay) return 'its input decays in the step in which it comes';
  if ((a.synapse === null) !== (b.synapse === null)) return 'with another current';
  if (!near(a.membrane.decay, b.membrane.decay) || (a.synapse && !near(a.synapse.decay, b.synapse!.decay)))
    return 'with other decays';
  // voltages in thresholds; of neurons that do not spike as they are
  const inUnits = (r: Rule, x: Float64Array): Float64Array => x.map((v, n) => (r.threshold ? v / r.threshold[n]! : v));
  const gain = (r: Rule): Float64Array =>
    inUnits(r, r.membrane.gain).map((g, n) => g * (r.synapse ? r.synapse.gain[n]! : 1));
  if (!near(gain(a), gain(b))) return 'with another gain on the input';
  const at = (r: Rule, of: (l: Leaky) => Float64Array): Float64Array => inUnits(r, of(r.membrane));
  if (
    !near(
      at(a, (l) => l.offset),
      at(b, (l) => l.offset),
    )
  )
    return 'with another v_leak';
  if (
    !near(
      at(a, (l) => l.start),
      at(b, (l) => l.start),
    )
  )
    return 'v begins at another value';
  if (!a.threshold) return null;
  if (!b.resetTo) return 'with a reset by subtraction';
  if (!near(inUnits(a, a.resetTo!), inUnits(b, b.resetTo))) return 'with another v_reset';
  return null;
}

/** Nodes that are no graphs, those of nested graphs too, by their path. */
export function* nodesOf(graph: NirGraph, place = ''): Generator<readonly [path: string, node: NirNode]> {
  for (const [name, node] of graph.nodes) {
    const path = place ? `${place}/${name}` : name;
    if (isGraph(node)) yield* nodesOf(node, path);
    else yield [path, node];
  }
}

/** A graph and those within it. */
const graphs = (graph: NirGraph): NirGraph[] => [graph, ...[...graph.nodes.values()].filter(isGraph).flatMap(graphs)];
