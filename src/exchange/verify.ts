import type { Sequential } from '../layers/sequential.ts';
import type { Sample } from './activity.ts';
import { type Comparison, compare } from './compare.ts';
import type { ExportedFile } from './exported.ts';
import { type FormatName, formatOf } from './formats.ts';
import { makeSample } from './sample.ts';

/**
 * Reads exported files back, runs what they say, and compares it with the net.
 *
 * @param sample random inputs over 200 steps by default, under which the net fires
 * @returns null for a format that only its own tool can run: Python code
 * @throws when the files cannot be read
 */
export async function verify(
  net: Sequential,
  format: FormatName,
  files: readonly ExportedFile[],
  sample?: Sample,
): Promise<Comparison | null> {
  const { replay } = formatOf(format);
  if (!replay) return null;
  const given = sample ?? (await makeSample(net));
  return compare(net, given, await replay(files, given, net));
}

/** What a comparison found, in a line or two. */
export function comparisonText(c: Comparison, sample: Pick<Sample, 'T' | 'B'>): string {
  const over = `${c.spikes} spikes in ${sample.T} steps of ${sample.B} samples`;
  const spikes =
    c.differ === 0
      ? `all of ${over} are the same`
      : `${c.differ} of ${over} differ, where the net is within ${c.distance.toExponential(1)} thresholds of firing`;
  const voltage = c.voltage === null ? '' : `voltages within ${c.voltage.toExponential(1)}, `;
  const silent = c.silent.length ? `; ${c.silent.join(', ')} never fired, so this says nothing of them` : '';
  return `${spikes}; ${voltage}outputs within ${c.output.toExponential(1)} of 1 + |v|${silent}`;
}
