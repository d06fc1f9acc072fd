import { activity } from './activity.ts';
import { cellBackward } from './cell_backward.ts';
import { cellForward } from './cell_forward.ts';
import { crossEntropy } from './cross_entropy.ts';
import { linear, linearSpikes, sumRows, weightGradient, weightGradientSpikes } from './dense.ts';
import { effective } from './effective.ts';
import { adam, sgd } from './optimizers.ts';
import { add, gatherRows, toDense } from './rows.ts';
import type { Twin } from './twin.ts';

/** The twin of each kernel by the kernel's name. */
export const twins: ReadonlyMap<string, Twin> = new Map([
  ['activity', activity],
  ['adam', adam],
  ['add', add],
  ['cell_backward', cellBackward],
  ['cell_forward', cellForward],
  ['cross_entropy', crossEntropy],
  ['effective', effective],
  ['gather_rows', gatherRows],
  ['linear', linear],
  ['linear_spikes', linearSpikes],
  ['sgd', sgd],
  ['sum_rows', sumRows],
  ['to_dense', toDense],
  ['weight_gradient', weightGradient],
  ['weight_gradient_spikes', weightGradientSpikes],
]);
