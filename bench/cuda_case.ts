import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors, type NamedTensor } from '../src/io/safetensors.ts';
import type { BenchCase } from './cases.ts';
import { adam, type CaseData, constants } from './data.ts';

/** What a peer has to come to. */
export interface Expected {
  /** Of the first steps. */
  readonly losses: readonly number[];
  /** Of the first step, by the names of `CaseData.weights`; of neurons alone `current`. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
}

/**
 * Writes a case for the Python peers: `case.json` with sizes, decays and losses, beside it `case.safetensors` with weights,
 * input, labels and gradients.
 *
 * @param folder made where it is missing
 * @param gamma of the triangle
 * @returns the path of the JSON file, and what removes both
 */
export async function writeCase(
  folder: string,
  c: BenchCase,
  data: CaseData,
  expected: Expected,
  gamma: number = constants.gamma,
): Promise<{ file: string; remove(): Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'case.json');
  const arrays = join(folder, 'case.safetensors');
  const { dt, tau, tauAhp, beta, threshold } = constants;
  const { name, kind, B, T, inputs, hidden, outputs, neuron, recurrent, batches, lr } = c;
  await writeFile(arrays, encodeSafetensors(tensors(c, data, expected)));
  await writeFile(
    file,
    JSON.stringify({
      ...{ name, kind, B, T, inputs, hidden, outputs, neuron, recurrent, batches, lr, adam },
      constants: { alpha: Math.exp(-dt / tau), rho: Math.exp(-dt / tauAhp), beta, threshold, gamma },
      losses: expected.losses,
      data: 'case.safetensors',
    }),
  );
  return {
    file,
    async remove() {
      await rm(file, { force: true });
      await rm(arrays, { force: true });
    },
  };
}

function tensors(c: BenchCase, data: CaseData, expected: Expected): NamedTensor[] {
  const { T, B, inputs, hidden, outputs, kind } = c;
  const shapes: Record<string, number[]> = {
    weight: [hidden, inputs],
    recurrent: [hidden, hidden],
    readout: [outputs, hidden],
    current: [T, B, hidden],
  };
  const named = (prefix: string, arrays: Readonly<Record<string, Float32Array>>): NamedTensor[] =>
    Object.entries(arrays).map(([name, data]) => ({
      name: `${prefix}.${name}`,
      dtype: 'F32',
      shape: shapes[name]!,
      data,
    }));
  const shape = [T, B, inputs];
  return [
    ...named('weights', data.weights),
    ...named('gradients', expected.gradients),
    kind === 'neuron'
      ? { name: 'input', dtype: 'F32', shape, data: data.input }
      : { name: 'input', dtype: 'U8', shape, data: Uint8Array.from(data.input) },
    ...(outputs > 0 ? [{ name: 'labels', dtype: 'I32' as const, shape: [B], data: Int32Array.from(data.labels) }] : []),
  ];
}
