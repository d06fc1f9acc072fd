import { ACTIVITY, type RateTerm, rateConstant } from '../kernels/activity.ts';
import { compile, type Program } from '../neurons/evaluate.ts';
import type { Twin, TwinCall } from './twin.ts';

/** Twin of activity: sums over the batch, the rate penalty and its derivative. */
export const activity: Twin = (c) => {
  const { B, stats } = c.dims as Record<'B' | 'stats', number>;
  const [N, pitch] = [c.constant('N'), 4 * c.constant('Q')];
  const [carry, out] = [c.of('carry'), c.of('activity')];
  const invSteps = c.slot(c.dims.steps_slot!);
  const term = c.call.twin as RateTerm | null;
  const program = term && rateProgram(c, term);
  let layerRate = 0;
  for (let b = 0; b < B; b++)
    for (let n = 0; n < N; n++) layerRate += (carry[4 * stats + b * pitch + n]! * invSteps) / N;
  for (let n = 0; n < pitch; n++) {
    const stat = (row: number): number[] =>
      Array.from({ length: B }, (_, b) => carry[4 * stats + (row * B + b) * pitch + n]!);
    const sum = (row: number): number => stat(row).reduce((x, y) => x + y, 0);
    const put = (row: number, value: number): void => {
      out[row * pitch + n] = n < N ? value : 0;
    };
    const rate = sum(0) * invSteps;
    put(ACTIVITY.spikes, sum(0));
    put(ACTIVITY.smallest, Math.min(...stat(1)));
    put(ACTIVITY.largest, Math.max(...stat(2)));
    put(ACTIVITY.voltagePenalty, sum(3));
    put(ACTIVITY.rate, rate);
    put(ACTIVITY.ratePenalty, 0);
    if (!term || !program) continue;
    program.set(term.rate, term.perLayer ? layerRate : rate);
    program.run();
    const share = term.perLayer ? 1 / N : 1;
    put(ACTIVITY.ratePenalty, share * program.get(term.value));
    c.of('d_rate')[n] = n < N ? share * program.get(term.derivative) * invSteps : 0;
  }
};

function rateProgram(c: TwinCall, term: RateTerm): Program {
  const constants = term.constants.map(rateConstant);
  const program = compile([term.value, term.derivative], [term.rate, ...constants], () => Number.NaN);
  constants.forEach((e, i) => {
    program.set(e, c.slot(c.dims.penalty_slot! + i));
  });
  return program;
}
