/** Values in any list; NaN and infinities are shown as gaps. */
export type Values = ArrayLike<number>;

export interface NamedValues {
  label: string;
  /** One value a time step. */
  values: Values;
}

export interface CurvePlot {
  title: string;
  xLabel: string;
  yLabel: string;
  /** The y values are fractions, to be shown in per cent. */
  percent?: boolean;
  series: { name: string; points: readonly (readonly [number, number])[] }[];
}

export interface ConfusionMatrix {
  title?: string;
  labels: readonly string[];
  /** Items by [true class][predicted class]. */
  counts: readonly Values[];
}

/** A table of results side by side; its first column names the rows. */
export interface Comparison {
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}

/** A half-open range of time steps or neurons: `from` belongs to it, `to` does not. */
export interface LabelledRange {
  from: number;
  to: number;
  label: string;
}

export interface SampleLayer {
  name: string;
  neurons: number;
  groups?: readonly LabelledRange[];
  /** Time step and neuron of every spike, pairwise. */
  spikes: { t: Values; n: Values };
  voltages: readonly NamedValues[];
  /** Drawn as a dashed line among the voltages. */
  threshold?: number;
  /** After-hyperpolarising currents. */
  currents: readonly NamedValues[];
}

/** What one item did inside the network. */
export interface Sample {
  title: string;
  /** Milliseconds a time step. */
  dt: number;
  steps: number;
  /** Grey values from 0 to 1, row by row. */
  image?: { width: number; height: number; values: Values };
  phases?: readonly LabelledRange[];
  layers: readonly SampleLayer[];
  /** One trace a class; the largest at the end is marked. */
  readout?: readonly NamedValues[];
}

/** Where the time goes: what `profile` of `spiketape/profile` gives is one. */
export interface KernelTimes {
  adapter: string;
  method: string;
  steps: number;
  /** Milliseconds of all dispatches, and by the clock. */
  ms: number;
  wallMs: number;
  dispatchesPerStep: number;
  submitsPerStep: number;
  rows: readonly {
    label: string;
    kernel: string;
    dispatches: number;
    msPerStep: number;
    /** Part of the time of all dispatches, 0..1. */
    share: number;
    bytesPerStep: number;
  }[];
}

/** Picojoules. */
export interface EnergyParts {
  operations: number;
  memory: number;
  total: number;
}

/** A layer, or the whole net, and what it does for one sample. */
export interface CostCounts {
  name: string;
  steps: number;
  spikes: number;
  synapticOperations: number;
  multiplyAccumulates: number;
  /** Multiply-accumulates of the same without spikes. */
  dense: number;
  updates: number;
  weightBytes: number;
  weightBytes8: number;
  stateBytes: number;
}

/** What a decision costs: what `costOf` of `spiketape/cost` gives is one. */
export interface CostOfInference {
  samples: number;
  inputSpikes: number | null;
  layers: readonly CostCounts[];
  total: CostCounts;
  lstm: CostCounts | null;
  estimates: readonly {
    hardware: { name: string; source: string; memory: { source: string } | null };
    layers: readonly { name: string; spiking: EnergyParts | null; dense: EnergyParts | null }[];
    spiking: EnergyParts | null;
    dense: EnergyParts | null;
    lstm: EnergyParts | null;
    leftOut: readonly string[];
  }[];
  notes: readonly string[];
  /** Figures of others beside it: `published` of `spiketape/cost`. Joules and seconds. */
  published?: readonly { what: string; energy: number; delay: number; source: string }[];
}

/** Everything a report page shows. */
export interface Report {
  title: string;
  subtitle?: string;
  summary: readonly { label: string; value: string }[];
  curves: readonly CurvePlot[];
  confusion?: ConfusionMatrix;
  comparison?: Comparison;
  profile?: KernelTimes;
  cost?: CostOfInference;
  sample?: Sample;
}
