import type { Expr } from '../neurons/expr.ts';
import { type Names, printWgsl } from '../neurons/wgsl.ts';
import { type GatedAdjoint, type GatedCell, planesOf } from './gated_cell.ts';

// A gated cell's equations as the text that stands in the marked regions of its two kernels, once for each sample of a
// workgroup: written out, so that what belongs to a sample is in registers and not in an array.

const JOIN = '\n';
const PARTS = ['x', 'y', 'z', 'w'] as const;

/**
 * The text of the forward kernel's regions.
 *
 * @param how `keep`: whether there will be a backward step; `software`: for a CPU that plays the GPU, whose compiler
 *   takes seconds where many reads are written out
 */
export function gatedForwardRegions(
  cell: GatedCell,
  { samples, bias, keep, software }: { samples: number; bias: boolean; keep: boolean; software: boolean },
): Record<string, string> {
  const { gates, states } = cell;
  const each = eachOf(samples);
  const output = states[0]!;
  return {
    prepare: each((s) => [
      ...beginning(s),
      ...states.map((name, k) => `var ${name}${s} = state_at(${k}u, b${s}, q);`),
      `if (owned) {\n  ${shared('dims.t0', s, 'q')} = ${output}${s};\n}`,
    ]),
    sums: each((s) => gates.map((g, i) => `var sum_${g}${s} = ${bias ? `recurrent_bias(${i}u, q)` : 'vec4f(0)'};`)),
    gather: software
      ? loop(
          'j',
          each((s) => [`let last${s} = ${shared('t', s, 'j / 4u')}[j % 4u];`]),
          ...gates.flatMap((g, i) => [
            `let w_${g} = recurrent(j, ${i}u, q);`,
            each((s) => [`sum_${g}${s} += last${s} * w_${g};`]),
          ]),
        )
      : quadLoop(
          each((s) => [`let last${s} = ${shared('t', s, 'k')};`]),
          ...PARTS.flatMap((part, j) =>
            gates.flatMap((g, i) => [
              `let ${g}_${part} = recurrent(4u * k + ${j}u, ${i}u, q);`,
              each((s) => [`sum_${g}${s} += last${s}.${part} * ${g}_${part};`]),
            ]),
          ),
        ),
    step: each((s) => forwardStep(cell, s, keep)),
    finish: each((s) => [
      `if (first + ${s}u < dims.B) {`,
      `  for (var t = end${s}; t < dims.t1; t++) {`,
      `    let at = (t * dims.B + b${s}) * Q + q;`,
      '    hidden[at] = vec4f(0);',
      ...(keep ? planesOf(cell).map((_, k) => `    trace[${plane(k)}at] = vec4f(0);`) : []),
      '  }',
      ...states.map((name, k) => `  carry[(${k}u * dims.B + b${s}) * Q + q] = ${name}${s};`),
      '}',
    ]),
  };
}

function forwardStep(cell: GatedCell, s: number, keep: boolean): string[] {
  const { gates, states, next } = cell;
  const planes = keep ? planesOf(cell) : [];
  const kept = keep ? gates.map((g) => cell.kept[g]!) : [];
  const names: Names = (e) => {
    const [kind, name] = e.name.split('.');
    if (kind === 'input') return `in_${name}`;
    if (kind === 'recurrent') return `sum_${name}${s}`;
    return kind === 'state' ? `${name}${s}` : undefined;
  };
  const printed = printWgsl([...states.map((name) => next[name]!), ...kept, ...planes], names, 'x');
  const results = [...printed.results];
  return [
    `if (t < end${s}) {`,
    ...indented([
      `let row = t * dims.B + b${s};`,
      ...gates.map((g, i) => `let in_${g} = gate_at(row, ${i}u, q);`),
      ...printed.lines,
      ...states.map((name) => `let next_${name} = existing(q, ${results.shift()});`),
      'if (owned) {',
      ...kept.map((_, i) => `  put_gate(row, ${i}u, q, ${results.shift()});`),
      ...planes.map((_, k) => `  trace[${plane(k)}row * Q + q] = ${results.shift()};`),
      `  hidden[row * Q + q] = next_${states[0]};`,
      '}',
      ...states.map((name) => `${name}${s} = next_${name};`),
    ]),
    '}',
    `if (owned) {\n  ${shared('(t + 1u)', s, 'q')} = ${states[0]}${s};\n}`,
  ];
}

/** The text of the backward kernel's regions. */
export function gatedBackwardRegions(
  cell: GatedCell,
  adjoint: GatedAdjoint,
  { samples, software }: { samples: number; software: boolean },
): Record<string, string> {
  const { states } = cell;
  const each = eachOf(samples);
  const output = states[0]!;
  return {
    prepare: each((s) => [
      ...beginning(s),
      ...states.map((name, k) => `var d_${name}${s} = state_at(${k}u, b${s}, q);`),
    ]),
    step: each((s) => [...backwardStep(cell, adjoint, s), `var back${s} = vec4f(0);`]),
    gather: software
      ? loop(
          'n',
          'let w = recurrent(gate, n, q);',
          each((s) => [`back${s} += errors[(${s}u * GATES + gate) * Q + n / 4u][n % 4u] * w;`]),
        )
      : quadLoop(
          each((s) => [`let error${s} = errors[(${s}u * GATES + gate) * Q + k];`]),
          ...PARTS.flatMap((part, j) => [
            `let w_${part} = recurrent(gate, 4u * k + ${j}u, q);`,
            each((s) => [`back${s} += error${s}.${part} * w_${part};`]),
          ]),
        ),
    back: each((s) => [`if (t < end${s}) {\n  d_${output}${s} += back${s};\n}`]),
    finish: each((s) => [
      `if (first + ${s}u < dims.B) {`,
      `  for (var t = end${s}; t < dims.t1; t++) {`,
      '    for (var gate = 0u; gate < GATES; gate++) {',
      `      put_gate(t * dims.B + b${s}, gate, q, vec4f(0), vec4f(0));`,
      '    }',
      `    end_row(t * dims.B + b${s}, q);`,
      '  }',
      ...states.map((name, k) => `  carry[(${k}u * dims.B + b${s}) * Q + q] = existing(q, d_${name}${s});`),
      '}',
    ]),
  };
}

function backwardStep(cell: GatedCell, adjoint: GatedAdjoint, s: number): string[] {
  const { gates, states } = cell;
  const output = states[0]!;
  const planes = planesOf(cell);
  const where = new Map<Expr, string>([
    ...gates.map((g): [Expr, string] => [cell.kept[g]!, `kept_${g}`]),
    ...planes.map((e, k): [Expr, string] => [e, `plane_${k}`]),
  ]);
  const names: Names = (e) => {
    if (e.name === `bar.${output}`) return `bar_${output}`;
    return where.get(e) ?? (e.name.startsWith('bar.') ? `d_${e.name.slice(4)}${s}` : undefined);
  };
  const { input, recurrent, before, alike } = adjoint;
  const printed = printWgsl([...input, ...(alike ? [] : recurrent), ...before], names, 'x');
  const results = [...printed.results];
  // the output of the step before is read by the gradient of the weights, by the equations of some cells only
  const needed = planes.map((_, k) => new RegExp(`\\bplane_${k}\\b`).test([...printed.lines, ...results].join()));
  return [
    `if (t < end${s}) {`,
    ...indented([
      `let row = t * dims.B + b${s};`,
      `let bar_${output} = d_${output}${s} + arriving(row, q);`,
      ...gates.map((g, i) => `let kept_${g} = gate_at(row, ${i}u, q);`),
      ...planes.flatMap((_, k) => (needed[k] ? [`let plane_${k} = trace[${plane(k)}row * Q + q];`] : [])),
      ...printed.lines,
      ...gates.map((g) => `let input_${g} = existing(q, ${results.shift()});`),
      ...gates.map((g) => `let error_${g} = ${alike ? `input_${g}` : `existing(q, ${results.shift()})`};`),
      ...states.map((name) => `let next_${name} = ${results.shift()};`),
      ...states.map((name) => `d_${name}${s} = next_${name};`),
      'if (owned) {',
      ...gates.flatMap((g, i) => [
        `  put_gate(row, ${i}u, q, input_${g}, error_${g});`,
        `  errors[(${s}u * GATES + ${i}u) * Q + q] = error_${g};`,
      ]),
      '  end_row(row, q);',
      '}',
    ]),
    '}',
  ];
}

/** A loop over units, one at a time. */
const loop = (unit: string, ...lines: readonly string[]): string =>
  [`for (var ${unit} = 0u; ${unit} < dims.units; ${unit}++) {`, ...indented(lines), '}'].join(JOIN);

/** A loop over quads of units, of which all four are written out: their weights are then under way at once. */
const quadLoop = (...lines: readonly string[]): string =>
  ['for (var k = 0u; 4u * k < dims.units; k++) {', ...indented(lines), '}'].join(JOIN);

const eachOf =
  (samples: number) =>
  (text: (s: number) => readonly string[]): string =>
    Array.from({ length: samples }, (_, s) => text(s).join(JOIN)).join(JOIN);

const beginning = (s: number): string[] => [
  `let b${s} = min(first + ${s}u, dims.B - 1u);`,
  `let end${s} = end_of(first + ${s}u);`,
];

/** Where a quad of the outputs before step `t` is in workgroup memory. */
const shared = (t: string, s: number, quad: string): string => `before[(${t} % 2u * SAMPLES + ${s}u) * Q + ${quad}]`;

const plane = (k: number): string => (k === 0 ? '' : `${k}u * plane + `);

const indented = (lines: readonly string[]): string[] => lines.map((l) => `  ${l.replaceAll('\n', '\n  ')}`);
