import type { Planes } from '../../kernels/conv.ts';
import type { Layer } from '../../layers/layer.ts';

export interface DecodeOptions {
  /**
   * The modules in the order in which they follow one another, with what a state_dict does not say in brackets:
   * `'fc1, lif1(reset_delay=False), AvgPool2d(size=2), Flatten, fc2, lif2(output=mem)'`. By default what the file itself says
   * (those that are written here do), the order of names that are numbers, or the only one in which the widths fit. Said can be
   * of neurons `reset_delay` (True), `kind` (Synaptic or Alpha, which look alike), `output` (spk; mem makes a Readout); of a
   * convolution `stride`, `padding`, `dilation`, `groups`; of the modules without parameters `Unflatten(shape=2x34x34)`,
   * `AvgPool2d(size=2, stride=2, padding=0)`, `Flatten`, `Dropout(p=0.5)`.
   */
  readonly order?: string;
  /** Of all neurons of which the order does not say it (true, snnTorch's default). */
  readonly resetDelay?: boolean;
  /** What to do with a weight from a neuron to itself, which no recurrent layer has here: 'refuse' (default) or 'drop'. */
  readonly diagonal?: 'refuse' | 'drop';
}

/** Layers as they are made, one after another. */
export interface Building {
  readonly layers: Layer[];
  readonly notes: string[];
  readonly options: DecodeOptions;
  /** Whether what no layer here does is made of neurons for just that, not of the nearest ones. */
  readonly exact: boolean;
  /** Numbers of the activation that the next module gets, and the planes that they are. */
  width: number | null;
  planes: Planes | null;
}

/** Sets a parameter's numbers. @throws when they are not as many */
export function fill(layer: Layer, name: string, values: ArrayLike<number>): void {
  const p = layer.params[name]!;
  if (values.length !== p.data.length)
    throw new Error(`${name} must have ${p.data.length} numbers [${p.shape.join(', ')}], got ${values.length}`);
  p.data.set(values);
  p.drawn = true;
}
