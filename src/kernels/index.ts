import { activity } from './activity.ts';
import { cellBackward, cellForward } from './cell.ts';
import { copyColumns } from './columns.ts';
import { constrain, rewire } from './constraints.ts';
import * as conv from './conv.ts';
import * as dense from './dense.ts';
import { dropout } from './dropout.ts';
import { encode } from './encode.ts';
import { gate, gateBackward } from './gate.ts';
import { gatedBackward, gatedForward } from './gated.ts';
import type { Kernel } from './kernel.ts';
import { loss, vanRossum, weightPenalty } from './loss.ts';
import * as norm from './norm.ts';
import { adam, gradientNorm, rmsprop, sgd } from './optimizers.ts';
import { weightGradient, weightGradientSpikes } from './weight_gradient.ts';

/** Every kernel, one for each file of `shaders/`, in the order of a training step. */
export const kernels: readonly Kernel[] = [
  dense.effective,
  encode,
  dense.toDense,
  dense.gatherRows,
  dense.add,
  copyColumns,
  dropout,
  norm.normPartial,
  norm.normStats,
  norm.normApply,
  norm.normSums,
  norm.normTotals,
  norm.normGradient,
  dense.linear,
  dense.linearSpikes,
  conv.conv2d,
  conv.conv2dSpikes,
  conv.pool2d,
  gate,
  cellForward,
  gatedForward,
  activity,
  weightPenalty,
  loss,
  vanRossum,
  cellBackward,
  gateBackward,
  gatedBackward,
  weightGradient,
  weightGradientSpikes,
  conv.pool2dInput,
  conv.conv2dWeight,
  conv.conv2dWeightSpikes,
  conv.conv2dInput,
  dense.sumRows,
  constrain,
  rewire,
  gradientNorm,
  adam,
  rmsprop,
  sgd,
];
