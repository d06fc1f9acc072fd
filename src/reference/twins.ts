import { activity } from './activity.ts';
import { cellBackward } from './cell_backward.ts';
import { cellForward } from './cell_forward.ts';
import { copyColumns } from './columns.ts';
import { constrain, rewire } from './constraints.ts';
import * as conv from './conv2d.ts';
import { linear, linearSpikes, sumRows, weightGradient } from './dense.ts';
import { dropout } from './dropout.ts';
import { effective } from './effective.ts';
import { encode } from './encode.ts';
import { gate, gateBackward } from './gate.ts';
import { gatedBackward, gatedForward } from './gated.ts';
import { loss } from './loss.ts';
import * as norm from './norm.ts';
import { adam, gradientNorm, rmsprop, sgd } from './optimizers.ts';
import { pool2d, pool2dInput } from './pool2d.ts';
import { add, gatherRows, toDense } from './rows.ts';
import type { Twin } from './twin.ts';
import { vanRossum } from './van_rossum.ts';
import { weightGradientSpikes } from './weight_gradient.ts';
import { weightPenalty } from './weight_penalty.ts';

/** The twin of each kernel by the kernel's name. */
export const twins: ReadonlyMap<string, Twin> = new Map([
  ['activity', activity],
  ['adam', adam],
  ['add', add],
  ['cell_backward', cellBackward],
  ['cell_forward', cellForward],
  ['conv2d', conv.conv2d],
  ['conv2d_input', conv.conv2dInput],
  ['conv2d_spikes', conv.conv2dSpikes],
  ['conv2d_weight', conv.conv2dWeight],
  ['conv2d_weight_spikes', conv.conv2dWeightSpikes],
  ['constrain', constrain],
  ['copy_columns', copyColumns],
  ['dropout', dropout],
  ['effective', effective],
  ['encode', encode],
  ['gate', gate],
  ['gate_backward', gateBackward],
  ['gated_backward', gatedBackward],
  ['gated_forward', gatedForward],
  ['gather_rows', gatherRows],
  ['gradient_norm', gradientNorm],
  ['linear', linear],
  ['linear_spikes', linearSpikes],
  ['norm_apply', norm.normApply],
  ['norm_gradient', norm.normGradient],
  ['norm_partial', norm.normPartial],
  ['norm_stats', norm.normStats],
  ['norm_sums', norm.normSums],
  ['norm_totals', norm.normTotals],
  ['pool2d', pool2d],
  ['pool2d_input', pool2dInput],
  ['rmsprop', rmsprop],
  ['rewire', rewire],
  ['sgd', sgd],
  ['loss', loss],
  ['sum_rows', sumRows],
  ['to_dense', toDense],
  ['van_rossum', vanRossum],
  ['weight_gradient', weightGradient],
  ['weight_gradient_spikes', weightGradientSpikes],
  ['weight_penalty', weightPenalty],
]);
