import type { LayerShape, PathName } from '../kernels/time_path.ts';

/**
 * Where the rule leaves a choice, one by measurement. An engine has none unless `tune` of `spiketape/tune` gives it one; results
 * are the same up to rounding.
 */
export interface Tuning {
  /** What was measured for a layer of this shape; a shape that nothing is known of is noted. */
  choice(layer: LayerShape): PathName | undefined;
  /** Measures what was noted. Whether there was anything: steps that were made before may then be made better. */
  measure(): Promise<boolean>;
}
