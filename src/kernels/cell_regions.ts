import type { Adjoint, Penalty } from '../neurons/adjoint.ts';
import type { NeuronDefinition } from '../neurons/definition.ts';
import { type Expr, topological } from '../neurons/expr.ts';
import { type Names, printWgsl, timeless } from '../neurons/wgsl.ts';
import { penaltySum, type SlotNames } from './cell.ts';

// A neuron's equations as the text that stands in the marked regions of the two kernels of cells.

/** The text of the forward kernel's regions for a neuron; in a replay its spikes are known. */
export function forwardRegions(
  def: NeuronDefinition,
  planes: readonly { name: string; node: Expr }[],
  penalties: readonly Penalty[],
  slots: SlotNames,
  replay = false,
): Record<string, string> {
  const penalty = penaltySum(def, penalties);
  const roots = [
    ...def.states.map((s) => def.next[s]!),
    def.v,
    penalty,
    ...(def.z ? [def.z] : []),
    ...planes.map((p) => p.node),
  ];
  const hoisted = timeless(roots, isParameter, new Set());
  const names: Names = (e) => {
    if (replay && e === def.z) return 'z';
    return namesOf(e, hoisted, slots) ?? (e.op === 'leaf' ? leafForward(e.name) : undefined);
  };
  const printed = printWgsl(roots, names, 'e');
  const results = [...printed.results];
  const next = def.states.map((s) => `let next_${s} = ${results.shift()};`);
  const [record, penaltyText] = [results.shift()!, results.shift()!];
  const z = def.z ? results.shift()! : 'vec4f(0)';
  return {
    prepare: [
      ...preparations(def, hoisted, slots),
      ...def.states.map((s, k) => `var s_${s} = state_at(${k}u, b, q);`),
    ].join('\n'),
    step: [
      ...(replay && def.z ? ['var z = spikes_at(t, b, q);'] : []),
      ...printed.lines,
      ...next,
      `let record = ${record};`,
      `let penalty = ${penaltyText};`,
      ...(replay && def.z ? [] : [`var z = ${z};`]),
      ...planes.map((p, k) => `let plane_${k} = ${results[k]}; // ${p.name}`),
      ...def.states.map((s) => `s_${s} = next_${s};`),
    ].join('\n'),
    save: planes.map((_, k) => `trace[${plane(k)}row] = plane_${k};`).join('\n'),
    pad: planes.map((_, k) => `trace[${plane(k)}row] = vec4f(0);`).join('\n'),
    keep: def.states.map((s, k) => `carry[keep_at + ${k}u * B * Q] = s_${s};`).join('\n'),
  };
}

/** The text of the forward kernel's regions for a few dense inputs, whose rows of effective weights begin at `weights`. */
export function denseRegions(inputs: number, weights: number): Record<string, string> {
  const each = (text: (k: number) => string): string[] => Array.from({ length: inputs }, (_, k) => text(k));
  const quads = Math.ceil(inputs / 4);
  return {
    dense_weights: each((k) => `let dense_${k} = weight(${weights}u + ${k}u * Q + q);`).join('\n'),
    dense: [
      `let inputs_at = (t * B + b) * ${quads}u;`,
      ...Array.from({ length: quads }, (_, i) => `let inputs_${i} = current[inputs_at + ${i}u];`),
      ...each((k) => `input += inputs_${k >> 2}.${'xyzw'[k & 3]} * dense_${k};`),
    ].join('\n'),
  };
}

/** The text of the backward kernel's regions for a neuron; `planes` is what the forward kernel wrote, in its order. */
export function backwardRegions(
  def: NeuronDefinition,
  adjoint: Adjoint,
  planes: readonly { name: string; node: Expr }[],
  slots: SlotNames,
): Record<string, string> {
  const used = planes.map((p, k) => ({ ...p, k })).filter((p) => adjoint.planes.some((a) => a.node === p.node));
  const planeOf = new Map(used.map((p) => [p.node, p]));
  const rebuilt = adjoint.previous.map((p) => p.node);
  const roots = [adjoint.input, adjoint.lastSpike, ...adjoint.states, ...adjoint.params.map((p) => p.node)];
  // what the gradients do not need cannot be computed from the planes either
  const slope = adjoint.slope && topological(roots, new Set()).includes(adjoint.slope) ? adjoint.slope : null;
  const hoisted = timeless([...roots, ...rebuilt], isParameter, planeOf);
  const shared = (e: Expr) => namesOf(e, hoisted, slots);
  const now: Names = (e) => {
    const p = planeOf.get(e);
    if (p) return `n_${p.k}`;
    return e === def.z ? 'z' : (shared(e) ?? (e.op === 'leaf' ? leafBackward(e.name) : undefined));
  };
  const sloped: Names = (e) => (e === slope ? 'slope' : now(e));
  const slopes = printWgsl(slope ? [slope] : [], now, 'g');
  const before: Names = (e) => {
    const p = planeOf.get(e);
    if (p) return `b_${p.k}`;
    return e === def.z ? 'z_last' : shared(e);
  };
  const previous = printWgsl(rebuilt, before, 'r');
  const printed = printWgsl(roots, sloped, 'e');
  const [dInput, dLast, ...rest] = printed.results;
  const states = def.states.map((s, i) => ({ s, text: rest[i]!, k: i }));
  const params = adjoint.params.map((p, i) => ({
    name: p.name,
    text: rest[def.states.length + i]!,
    k: def.states.length + (def.z ? 1 : 0) + i,
  }));
  const all = adjoint.previous.map((p, i) => ({
    name: p.name,
    text: previous.results[i]!,
    k: def.states.indexOf(p.name),
  }));
  return {
    prepare: [
      ...preparations(def, hoisted, slots),
      ...[...states.map(({ s }) => `d_${s}`), ...params.map((p) => `g_${p.name}`), ...used.map((p) => `n_${p.k}`)].map(
        (n) => `var ${n} = vec4f(0);`,
      ),
      'if (resumed) {',
      ...states.map(({ s, k }) => `  d_${s} = carry[Q + (${k}u * B + b) * Q + q];`),
      '}',
      ...(params.length
        ? [
            'if (dims.last == 0u) {',
            ...params.map(({ name, k }) => `  g_${name} = carry[Q + (${k}u * B + b) * Q + q];`),
            '}',
          ]
        : []),
      ...(used.length
        ? [
            'if (t_end > dims.t0) {',
            '  let row = ((t_end - 1u - dims.row0) * B + b) * Q + q;',
            ...used.map((p) => `  n_${p.k} = trace[${plane(p.k)}row];`),
            '}',
          ]
        : []),
    ].join('\n'),
    slope: [
      ...used.map((p) => `var b_${p.k} = vec4f(0); // ${p.name} one step before`),
      ...all.map((p) => `var s_${p.name} = vec4f(0);`),
      'if (t > dims.row0) {',
      ...used.map((p) => `  b_${p.k} = trace[${plane(p.k)}row - B * Q];`),
      ...previous.lines.map((l) => `  ${l}`),
      ...all.map((p) => `  s_${p.name} = ${p.text};`),
      ...(all.length ? ['} else {', ...all.map((p) => `  s_${p.name} = start_at(${p.k}u, b, q);`)] : []),
      '}',
      ...slopes.lines,
      `let slope = ${slopes.results[0] ?? 'vec4f(1)'};`,
    ].join('\n'),
    step: [
      ...printed.lines,
      `let d_input = ${dInput};`,
      `let d_last = ${dLast};`,
      ...states.map(({ s, text }) => `let c_${s} = ${text};`),
      ...params.map(({ name, text }) => `g_${name} += ${text};`),
      ...states.map(({ s }) => `d_${s} = c_${s};`),
      ...used.map((p) => `n_${p.k} = b_${p.k};`),
    ].join('\n'),
    keep: [
      ...states.map(({ s, k }) => `carry[Q + (${k}u * B + b) * Q + q] = d_${s};`),
      ...params.map(({ name, k }) => `carry[Q + (${k}u * B + b) * Q + q] = g_${name};`),
    ].join('\n'),
  };
}

/**
 * The text of the backward kernel's regions for what arrives from a layer above of `above` neurons, through their weights: rows
 * of the effective weights from `weights` on stay in registers over the whole time loop.
 */
export function aboveRegions(above: number, weights: number): Record<string, string> {
  const quads = Math.ceil(above / 4);
  const rows = Array.from({ length: above }, (_, k) => k);
  return {
    prepare_above: rows.map((k) => `let above_${k} = weight(${weights}u + ${k}u * Q + q);`).join('\n'),
    above: [
      `let errors_at = (t * B + b) * ${quads}u;`,
      ...Array.from({ length: quads }, (_, i) => `let error_${i} = grad_out[errors_at + ${i}u];`),
      ...rows.map((k) => `bar_z += error_${k >> 2}.${'xyzw'[k & 3]} * above_${k};`),
    ].join('\n'),
  };
}

const plane = (k: number): string => (k === 0 ? '' : `${k}u * dims.rows * B * Q + `);
const isParameter = (e: Expr): boolean => e.name.startsWith('param.');

/** Loads of the parameters, then what depends on them alone. */
function preparations(def: NeuronDefinition, hoisted: readonly Expr[], slots: SlotNames): string[] {
  const names: Names = (e) => namesOf(e, [], slots);
  const printed = printWgsl(hoisted, names, 'h');
  // the lets would have the names of the hoisted values
  const rename = (text: string) => text.replace(/\bh(\d+)\b/g, 'k$1');
  return [
    ...Object.keys(def.params).map((p, k) => `let p_${p} = per_neuron(PARAMS, ${k}u * Q + q);`),
    ...printed.lines.map(rename),
    ...printed.results.map((r, i) => `let h${i} = ${rename(r)};`),
  ];
}

function namesOf(e: Expr, hoisted: readonly Expr[], slots: SlotNames): string | undefined {
  const h = hoisted.indexOf(e);
  if (h >= 0) return `h${h}`;
  if (e.op !== 'leaf') return undefined;
  const [kind, name] = e.name.split('.') as [string, string];
  if (kind === 'param') return `p_${name}`;
  if (kind === 'surrogate') return `vec4f(slot(dims.surrogate_slot + ${slots.surrogate.indexOf(name)}u))`;
  if (kind === 'penalty') return `vec4f(slot(dims.penalty_slot + ${slots.penalties.indexOf(name)}u))`;
  return undefined;
}

const leafForward = (name: string): string | undefined =>
  name === 'input'
    ? 'input'
    : name === 'state.z'
      ? 'z_last'
      : name.startsWith('state.')
        ? `s_${name.slice(6)}`
        : undefined;

const leafBackward = (name: string): string | undefined => {
  if (name === 'state.z') return 'z_last';
  if (name === 'bar.z') return 'bar_z';
  if (name === 'bar.record') return 'bar_record';
  if (name.startsWith('bar.')) return `d_${name.slice(4)}`;
  return name.startsWith('state.') ? `s_${name.slice(6)}` : undefined;
};
