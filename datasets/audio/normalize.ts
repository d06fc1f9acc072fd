import type { Frames } from './mel.ts';

/** Mean and standard deviation of each band, shape [bands]. */
export interface BandStatistics {
  mean: Float64Array;
  std: Float64Array;
}

/**
 * Statistics of each band over all frames of some recordings. Take them from the training part only: what validation and
 * test look like is not to be known before they are scored.
 *
 * @throws Error when there is no frame, or the recordings differ in their bands
 */
export function bandStatistics(recordings: Iterable<Frames>): BandStatistics {
  // Welford (1962): one pass, and no difference of large sums
  let n = 0;
  let [mean, spread] = [new Float64Array(0), new Float64Array(0)];
  for (const { bands, frames, values } of recordings) {
    if (mean.length === 0) [mean, spread] = [new Float64Array(bands), new Float64Array(bands)];
    if (bands !== mean.length)
      throw new Error(`bandStatistics: recordings must have the same bands, got ${mean.length} and ${bands}`);
    for (let t = 0; t < frames; t++) {
      n++;
      for (let b = 0; b < bands; b++) {
        const off = values[t * bands + b]! - mean[b]!;
        mean[b]! += off / n;
        spread[b]! += off * (values[t * bands + b]! - mean[b]!);
      }
    }
  }
  if (n === 0) throw new Error('bandStatistics: expected at least one frame, got none');
  return { mean, std: spread.map((sum) => Math.sqrt(sum / n)) };
}

/**
 * Each band less its own mean over the recording (of logarithms: cepstral mean normalisation, Atal 1974): what is the same all
 * along, a microphone and much of a voice, is gone.
 */
export function centred({ frames, bands, values }: Frames): Frames {
  const mean = new Float64Array(bands);
  for (let i = 0; i < values.length; i++) mean[i % bands]! += values[i]! / frames;
  return { frames, bands, values: values.map((x, i) => x - mean[i % bands]!) };
}

/** (value - mean) / std in each band; a band that never varied is only shifted. */
export function standardize({ frames, bands, values }: Frames, { mean, std }: BandStatistics): Frames {
  if (bands !== mean.length)
    throw new Error(`standardize: the statistics are of ${mean.length} bands, the recording has ${bands}`);
  return {
    frames,
    bands,
    values: values.map((x, i) => (x - mean[i % bands]!) / (std[i % bands]! || 1)),
  };
}
