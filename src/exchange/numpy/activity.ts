import type { Activity, Sample } from '../activity.ts';
import { type NpyArray, npy } from './dtypes.ts';
import { encodeNpz } from './npz.ts';

/**
 * What a net did on a sample, as .npz: `input` (float32), `output` (float64), and for each layer of neurons at its place in the
 * net `spikes.0` (uint8), `voltage.0` (float64), all [T, B, N].
 */
export async function activityNpz(sample: Sample, { T, B, outputs, layers }: Activity): Promise<Uint8Array> {
  const arrays = new Map<string, NpyArray>([
    ['input', npy(sample.inputs, [sample.T, sample.B, sample.N])],
    ['output', npy(outputs, [T, B, outputs.length / (T * B)])],
  ]);
  for (const { label, N, spikes, voltage } of layers) {
    const place = label.split(' ')[0]!;
    // a layer before an encoder has steps of its own
    const shape = (values: Float64Array): number[] => [values.length / (B * N), B, N];
    if (spikes) arrays.set(`spikes.${place}`, npy(Uint8Array.from(spikes), shape(spikes)));
    if (voltage) arrays.set(`voltage.${place}`, npy(voltage, shape(voltage)));
  }
  return encodeNpz(arrays);
}
