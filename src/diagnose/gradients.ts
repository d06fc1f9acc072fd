import { digits, type Finding, finding, LIMITS } from './finding.ts';

/** The gradient of the loss by a layer's current: root of the mean square over all, over the first and the last steps. */
export interface LayerGradient {
  readonly label: string;
  readonly all: number;
  readonly early: number;
  readonly late: number;
}

/** Sums up a gradient [T, B, N]; early and late are the first and the last tenth of each sample's valid steps. */
export function sumUp(
  label: string,
  g: Float32Array,
  [T, B, N]: readonly number[],
  lengths: ArrayLike<number>,
): LayerGradient {
  const squares = { all: 0, early: 0, late: 0 };
  const counts = { all: 0, early: 0, late: 0 };
  for (let b = 0; b < B!; b++) {
    const length = lengths[b]!;
    const tenth = Math.ceil(length / 10);
    for (let t = 0; t < Math.min(T!, length); t++) {
      let sum = 0;
      for (let n = 0; n < N!; n++) sum += g[(t * B! + b) * N! + n]! ** 2;
      const add = (part: keyof typeof squares): void => {
        squares[part] += sum;
        counts[part] += N!;
      };
      add('all');
      if (t < tenth) add('early');
      if (t >= length - tenth) add('late');
    }
  }
  const root = (part: keyof typeof squares): number => Math.sqrt(squares[part] / Math.max(1, counts[part]));
  return { label, all: root('all'), early: root('early'), late: root('late') };
}

/** The largest norm of all gradients before clipping, where `fit` clips by norm. */
export function judgeNorm(largest: number, bound: number): Finding[] {
  const ratio = largest / bound;
  if (!(ratio >= LIMITS.warning.norm)) return [];
  const text = `the norm of the gradients reaches ${digits(largest)}, ${digits(ratio)} times what it is clipped to`;
  return [finding('exploding', 'all layers', ratio, text)];
}

/** Gradients that vanish or explode from layer to layer (in the order of the forward pass) and over time. */
export function judgeGradients(layers: readonly LayerGradient[]): Finding[] {
  const found: Finding[] = [];
  layers.forEach((layer, i) => {
    const { label, all, early, late } = layer;
    if (all === 0) {
      found.push(finding('no gradient', label, 0, 'the gradient of the loss is 0 at every neuron and step'));
      return;
    }
    const above = layers.slice(i + 1).find((l) => l.all > 0);
    const ratio = above ? all / above.all : 1;
    if (ratio < 1 / LIMITS.layer)
      found.push(
        finding(
          'vanishing',
          label,
          ratio,
          `its gradient is ${digits(all)}, ${digits(ratio)} times that of ${above!.label}`,
        ),
      );
    if (ratio > LIMITS.layer)
      found.push(
        finding(
          'exploding',
          label,
          ratio,
          `its gradient is ${digits(all)}, ${digits(ratio)} times that of ${above!.label}`,
        ),
      );
    if (late === 0) return;
    const text = `the gradient of the first tenth of the steps is ${digits(early / late)} times that of the last tenth (${digits(early)}, ${digits(late)})`;
    if (early / late < LIMITS.time.vanishing) found.push(finding('vanishing over time', label, early / late, text));
    if (early / late > LIMITS.time.exploding) found.push(finding('exploding over time', label, early / late, text));
  });
  return found;
}
