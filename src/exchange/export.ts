import type { Sequential } from '../layers/sequential.ts';
import type { Exported } from './exported.ts';
import { refuse } from './exported.ts';
import { type FormatName, type FormatOptions, formatOf } from './formats.ts';

export interface ExportOptions {
  /** How the files' names begin ('model'). */
  readonly name?: string;
  /** Writes the nearest thing where the format cannot say all of the net (default false). */
  readonly allowLossy?: boolean;
  /** Options of the format, by its own names. */
  readonly options?: FormatOptions;
}

/**
 * A net as the files of a format.
 *
 *     const { files } = await exportNet(net, 'nir', { options: { gain: 'tau/dt' } });
 *
 * @throws when the format cannot hold the net, and when it would lose something and `allowLossy` is not given: each reason by
 *   the layer's place
 */
export async function exportNet(net: Sequential, format: FormatName, options: ExportOptions = {}): Promise<Exported> {
  const { name = 'model', allowLossy = false, options: own = {} } = options;
  const { check, encode } = formatOf(format);
  const verdict = check(net, own);
  refuse(format, verdict);
  if (verdict.lost.length && !allowLossy)
    throw new Error(
      `${format} would lose something of this net; with allowLossy the nearest thing is written:\n${verdict.lost.map((l) => `  ${l}`).join('\n')}`,
    );
  return encode(net, name, own);
}
