import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import seedrandom from 'seedrandom';
import { expect } from 'vitest';
import type { Activity, Sample } from '../../../src/exchange/activity.ts';
import type { NirGraph, NirNode } from '../../../src/exchange/nir/file/graph.ts';
import type { SemanticsName } from '../../../src/exchange/nir/run/semantics.ts';
import { simulate } from '../../../src/exchange/simulate.ts';
import type { Sequential } from '../../../src/layers/sequential.ts';

/** Random spikes under which the net's neurons fire, and what the net does. */
export async function busy(net: Sequential, T = 30, B = 1): Promise<{ sample: Sample; own: Activity }> {
  const random = seedrandom('busy');
  for (const size of [1, 3, 10]) {
    const inputs = Float32Array.from({ length: T * B * net.inputs }, () => (random() < 0.3 ? size : 0));
    const sample = { T, B, N: net.inputs, inputs };
    const own = await simulate(net, sample);
    const rates = own.layers.flatMap(({ spikes }) =>
      spikes ? [spikes.reduce((a, b) => a + b, 0) / spikes.length] : [],
    );
    if (rates.every((r) => r > 0.01)) return { sample, own };
  }
  throw new Error('the net does not fire');
}

/** Spikes to the bit, voltages and outputs up to rounding. */
export function expectSame(given: Activity, own: Activity, tolerance = 1e-9): void {
  expect(off(given.outputs, own.outputs)).toBeLessThan(tolerance);
  const others = new Map(given.layers.map((l) => [l.label, l]));
  for (const { label, spikes, voltage } of own.layers) {
    const other = others.get(label);
    expect(other, `no layer ${label} among ${[...others.keys()]}`).toBeDefined();
    if (spikes) expect(Array.from(other!.spikes!), label).toEqual(Array.from(spikes));
    if (other!.voltage && voltage) expect(off(other!.voltage, voltage), `voltage of ${label}`).toBeLessThan(tolerance);
  }
}

export function off(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / (1 + Math.abs(b[i]!)));
  return worst;
}

/** A graph and what a program made of it, as make_nir_readers.py wrote it down. */
export interface Recorded {
  readonly reader: SemanticsName;
  readonly name: string;
  readonly graph: Written;
  /** Digits. */
  readonly inputs: string;
  /** Digits, or numbers. */
  readonly outputs: string | number[];
}

interface Written {
  readonly type: 'NIRGraph';
  readonly nodes: [string, Written | NirNode][];
  readonly edges: [string, string][];
}

export const recorded = JSON.parse(
  String(gunzipSync(readFileSync(new URL('../../fixtures/exchange/nir_readers.json.gz', import.meta.url)))),
) as Recorded[];

export const asGraph = ({ nodes, edges }: Written): NirGraph => ({
  type: 'NIRGraph',
  nodes: new Map(nodes.map(([name, node]) => [name, 'nodes' in node ? asGraph(node) : withNumbers(node)])),
  edges,
});

const withNumbers = (node: NirNode): NirNode => ({
  type: node.type,
  fields: Object.fromEntries(
    Object.entries(node.fields).map(([name, v]) => [
      name,
      typeof v === 'string' ? v : { shape: v.shape, data: Float64Array.from(v.data) },
    ]),
  ),
});
