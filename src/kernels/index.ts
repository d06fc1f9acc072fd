import { activity } from './activity.ts';
import { cellBackward, cellForward } from './cell.ts';
import * as dense from './dense.ts';
import type { Kernel } from './kernel.ts';
import { adam, sgd } from './optimizers.ts';

/** Every kernel, one for each file of `shaders/`, in the order of a training step. */
export const kernels: readonly Kernel[] = [
  dense.effective,
  dense.toDense,
  dense.gatherRows,
  dense.add,
  dense.linear,
  dense.linearSpikes,
  cellForward,
  activity,
  dense.crossEntropy,
  cellBackward,
  dense.weightGradient,
  dense.weightGradientSpikes,
  dense.sumRows,
  adam,
  sgd,
];
