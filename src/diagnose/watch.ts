import type { CellRun } from '../autograd/ops/cell_node.ts';
import { ACTIVITY } from '../kernels/activity.ts';
import { judgeActivity, type LayerActivity } from './activity.ts';
import { type Finding, LIMITS } from './finding.ts';

/** Looks at the activity that training reports anyway, and says when most of a layer no longer works. */
export class Watch {
  readonly #layers = new Map<string, LayerActivity & { steps: number }>();

  /** @param rows the activity of one step [rows, N] @param steps the valid steps of its samples, added up */
  add(run: CellRun, rows: Float32Array, steps: number): void {
    const N = run.activity.shape[1]!;
    const known = this.#layers.get(run.label) ?? {
      label: run.label,
      spikes: new Float64Array(N),
      smallest: new Float64Array(N).fill(Number.POSITIVE_INFINITY),
      largest: new Float64Array(N).fill(Number.NEGATIVE_INFINITY),
      threshold: run.constants.threshold?.data ?? [1],
      steps: 0,
    };
    const [spikes, smallest, largest] = [known.spikes, known.smallest, known.largest] as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    for (let n = 0; n < N; n++) {
      spikes[n]! += rows[ACTIVITY.spikes * N + n]!;
      smallest[n] = Math.min(smallest[n]!, rows[ACTIVITY.smallest * N + n]!);
      largest[n] = Math.max(largest[n]!, rows[ACTIVITY.largest * N + n]!);
    }
    known.steps += steps;
    this.#layers.set(run.label, known);
  }

  /** What is worth a warning, of what was added since the last call. */
  findings(): Finding[] {
    const { share, voltage } = LIMITS.warning;
    const found = [...this.#layers.values()].flatMap(judgeActivity);
    this.#layers.clear();
    return found.filter((f) => Math.abs(f.value) >= (f.kind === 'voltage' ? voltage : share));
  }
}

/** The text of `fit`'s one warning. */
export const warningOf = (findings: readonly Finding[]): string =>
  [
    'fit: training goes in a direction that seldom leads anywhere:',
    ...findings.map((f) => `  ${f.where}: ${f.kind}: ${f.text}; what helps: ${f.help}`),
    '  diagnose(engine, net, batch) tells more',
  ].join('\n');
