import type { ParameterSpec } from './definition.ts';
import { suggest } from './nearest.ts';
import type { Timing } from './timing.ts';

/** Other ranges for some of a neuron's parameters: `{ tau: [1, 100] }`. */
export type Ranges<P extends string> = { readonly [K in P]?: readonly [min: number, max: number] | undefined };

/**
 * Parameters with ranges of the user's choice in place of the usual ones; a default outside moves to the nearest end.
 *
 * @param params those that may have another range
 * @throws on a name that is not among them, and on a range that is none
 */
export function ranged<P extends string>(
  neuron: string,
  params: Record<P, ParameterSpec>,
  ranges: Ranges<P> = {},
): Record<P, ParameterSpec> {
  const changed = { ...params };
  for (const [name, range] of Object.entries(ranges) as [P, readonly [number, number] | undefined][]) {
    if (!Object.hasOwn(params, name))
      throw new Error(`${neuron}: ranges names '${name}'${suggest(name, Object.keys(params))}`);
    if (!range) continue;
    const [min, max] = (Array.isArray(range) ? range : []) as unknown as readonly [number, number];
    if (!(Number.isFinite(min) && Number.isFinite(max) && min <= max))
      throw new Error(`${neuron}: the range of ${name} must be [min, max], got ${JSON.stringify(range)}`);
    changed[name] = { ...params[name], min, max, default: Math.min(max, Math.max(min, params[name].default)) };
  }
  return changed;
}

/** @throws when a range lets a time constant's decay leave [0, 1) */
export function checkTimes<P extends string>(
  neuron: string,
  params: Record<P, ParameterSpec>,
  names: readonly P[],
  { dt = 1, decay }: Timing,
): void {
  for (const name of names) {
    const { min } = params[name];
    if (min <= 0) throw new Error(`${neuron}: ${name} must be above 0; its range begins at ${min}`);
    if (decay === 'euler' && min < dt)
      throw new Error(
        `${neuron}: ${name} must be at least dt, ${dt} ms, with decay 'euler'; its range begins at ${min}`,
      );
  }
}
