import { budgetOf } from '../../kernels/budget.ts';
import type { Longest } from '../../kernels/segments.ts';
import { quads } from '../../kernels/sizes.ts';
import { chooseTimePath, type TimePath } from '../../kernels/time_path.ts';
import { type Adjoint, deriveAdjoint } from '../../neurons/adjoint.ts';
import type { Expr } from '../../neurons/expr.ts';
import type { Lowering } from '../lowering.ts';
import type { Node } from '../op.ts';
import { type CellAttrs, INPUT, outputOf } from './cell_node.ts';

/** What a layer has of each step for later, and how its steps run. */
export interface CellTrace {
  /** Null where no gradient is wanted. */
  readonly adjoint: Adjoint | null;
  readonly planes: readonly { readonly name: string; readonly node: Expr }[];
  readonly path: TimePath;
  /** Whether it may lie in several buffers: not where another operation reads it. */
  readonly split: boolean;
  readonly longest: Longest;
}

const traces = new WeakMap<Lowering, Map<Node, CellTrace>>();
const parts = new WeakMap<Lowering, Map<number, Longest>>();

/** The trace of a node, decided at the first request within a lowering. */
export const traceOf = (low: Lowering, node: Node<CellAttrs>): CellTrace => once(traces, low, node, decide);

/** Steps that a part of time may have: as many for all layers over as many steps, so that they go through the same parts. */
export const longestPart = (low: Lowering, node: Node<CellAttrs>): Longest =>
  once(parts, low, stepsOf(node), (_, T) => {
    const layers = low.tape.nodes.filter((n): n is Node<CellAttrs> => n.op === node.op && stepsOf(n) === T);
    const cut = layers.map((n) => traceOf(low, n)).filter(({ split, planes }) => split && planes.length > 0);
    const least = (of: 'bound' | 'run') => cut.reduce((n, { longest }) => Math.min(n, longest[of]), T);
    return { bound: least('bound'), run: least('run') };
  });

const stepsOf = (node: Node): number => outputOf(node as Node<CellAttrs>).v.shape[0]!;

/** What is made at the first request for it within a lowering. */
export function once<K, V>(
  memory: WeakMap<Lowering, Map<K, V>>,
  low: Lowering,
  key: K,
  make: (low: Lowering, key: K) => V,
): V {
  const ofTape = memory.get(low) ?? new Map<K, V>();
  memory.set(low, ofTape);
  if (!ofTape.has(key)) ofTape.set(key, make(low, key));
  return ofTape.get(key)!;
}

function decide(low: Lowering, node: Node): CellTrace {
  const { attrs } = node as Node<CellAttrs>;
  const { definition: def, surrogate, N, extras } = attrs;
  const out = outputOf(node as Node<CellAttrs>);
  const [T, B] = out.v.shape as [number, number, number];
  const learned = Object.keys(def.params).filter((_, i) => attrs.constants[i]!.trainable);
  const backward = low.training && (out.z ?? out.v).requiresGrad;
  // a voltage that another operation reads may get a gradient; one that is merely kept does not
  const adjoint = backward
    ? deriveAdjoint(def, {
        surrogate,
        learned,
        penalties: extras.penalties.map((p) => p.penalty),
        recordGradient: low.used(out.v) || !def.z,
      })
    : null;
  const planes: { name: string; node: Expr }[] = [];
  const want = (name: string, e: Expr): void => {
    if (!planes.some((p) => p.node === e)) planes.push({ name, node: e });
  };
  // the recorded voltage comes first: it is what other operations read, and a buffer is bound from its beginning
  if (low.used(out.v)) want('v', def.v);
  for (const s of def.states) if (low.used(out.states[s]!)) want(s, def.next[s]!);
  for (const p of adjoint?.planes ?? []) want(p.name, p.node);

  const inputs = node.inputs[INPUT.spikes]?.shape[2] ?? 0;
  const layer = { N, B, T, inputs, recurrent: attrs.recurrent !== null };
  const path = chooseTimePath(layer, low.limits, {
    chunk: attrs.chunk,
    path: attrs.chunk ? undefined : low.tape.engine.tuning?.choice(layer),
  });
  const { dispatch, reads } = budgetOf(low.limits);
  return {
    adjoint,
    planes,
    path,
    split: !low.used(out.v) && def.states.every((s) => !low.used(out.states[s]!)),
    longest: {
      bound: low.limits.maxBinding / (planes.length * 16 * B * quads(N)),
      run: Math.max(2, Math.min(dispatch, reads * B * N) / path.work),
    },
  };
}
