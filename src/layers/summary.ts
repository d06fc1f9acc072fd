import type { Parameter } from '../autograd/parameter.ts';
import { walk } from './container.ts';
import type { Layer } from './layer.ts';

/**
 * A net as a table for people. What several places share is counted at the first of them; the last two columns are numbers
 * that are trained, and numbers that are not (constants, running statistics).
 */
export function summary(net: Layer): string {
  const first = new Map<Layer, string>();
  const counted = new Set<Parameter>();
  const totals = { trained: 0, fixed: 0 };
  const lines = [['place', 'layer', 'inputs', 'outputs', 'trained', 'fixed']];
  for (const [place, layer] of walk(net)) {
    const { kind } = layer.config;
    const widths = [String(layer.inputs), String(layer.outputs)];
    const again = first.get(layer);
    if (again === undefined) first.set(layer, place);
    if (Object.keys(layer.children).length) {
      lines.push([place, kind, ...widths, '', '']);
      continue;
    }
    const own = { trained: 0, fixed: 0 };
    for (const p of Object.values(layer.params)) {
      if (counted.has(p)) continue;
      counted.add(p);
      // of a masked matrix, the connections that there are
      const there = p.options.mask?.data.reduce((sum, m) => sum + (m === 0 ? 0 : 1), 0);
      own[p.trainable ? 'trained' : 'fixed'] += there ?? p.data.length;
    }
    totals.trained += own.trained;
    totals.fixed += own.fixed;
    const name = again === undefined ? kind : `${kind} (that of ${again})`;
    lines.push([place, name, ...widths, number(own.trained), number(own.fixed)]);
  }
  lines.push(['total', '', String(net.inputs), String(net.outputs), number(totals.trained), number(totals.fixed)]);
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const pad = (text: string, i: number): string => (i < 2 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

const number = (n: number): string => n.toLocaleString('en-US');
