import type { MemoryReport } from '../device/device.ts';

/** One operation of the steps that ran. */
export interface ProfileRow {
  /** Whose dispatches they are: `0 AHP forward`. */
  readonly label: string;
  readonly kernel: string;
  readonly dispatches: number;
  /** Steps that had any of them. */
  readonly steps: number;
  /** Milliseconds of all of them. */
  readonly ms: number;
  /** Of a step that has them. */
  readonly msPerStep: number;
  /** Part of the time of all operations, 0..1. */
  readonly share: number;
  /**
   * Sizes of what the dispatches of a step bind, summed: what they move if each touches all that it binds, once. Most touch less (parameters and their gradients are one buffer each, bound whole), some touch it again.
   */
  readonly bytesPerStep: number;
}

/** What `profile` measured; plain data, which goes through JSON and into a report. */
export class Profile {
  readonly adapter: string;
  /**
   * How dispatches were timed. 'timestamps': by the GPU's own clock (browsers round it to 0.1 ms each unless their developer
   * features for WebGPU are on). 'wall clock': by the CPU's, each submitted by itself; what a submit costs is in it.
   */
  readonly method: 'timestamps' | 'wall clock';
  readonly steps: number;
  /** By time, longest first. */
  readonly rows: readonly ProfileRow[];
  /** Milliseconds of all dispatches. */
  readonly ms: number;
  /** Milliseconds from the first call to the last result, compilation and everything on the CPU included. */
  readonly wallMs: number;
  readonly dispatchesPerStep: number;
  /** As they are without profiling. */
  readonly submitsPerStep: number;
  /** Pipelines compiled meanwhile, and how long any was being compiled. */
  readonly pipelines: number;
  readonly compileMs: number;
  /** Of the whole device, afterwards. */
  readonly memory: MemoryReport;

  constructor(measured: {
    adapter: string;
    method: Profile['method'];
    steps: number;
    submits: number;
    rows: Iterable<Pick<ProfileRow, 'label' | 'kernel' | 'dispatches' | 'steps' | 'ms'> & { bytes: number }>;
    wallMs: number;
    pipelines: number;
    compileMs: number;
    memory: MemoryReport;
  }) {
    const rows = [...measured.rows];
    const sum = (of: (row: (typeof rows)[number]) => number): number => rows.reduce((n, row) => n + of(row), 0);
    this.adapter = measured.adapter;
    this.method = measured.method;
    this.steps = measured.steps;
    this.ms = sum((row) => row.ms);
    this.rows = rows
      .sort((a, b) => b.ms - a.ms)
      .map(({ bytes, ...row }) => ({
        ...row,
        msPerStep: row.ms / row.steps,
        share: this.ms > 0 ? row.ms / this.ms : 0,
        bytesPerStep: bytes / row.steps,
      }));
    this.wallMs = measured.wallMs;
    this.dispatchesPerStep = sum((row) => row.dispatches) / measured.steps;
    this.submitsPerStep = measured.submits / measured.steps;
    this.pipelines = measured.pipelines;
    this.compileMs = measured.compileMs;
    this.memory = measured.memory;
  }

  /** The operations as a table, then the sums. */
  toString(): string {
    const { steps, memory } = this;
    const ms = (x: number): string => (x < 100 ? x.toPrecision(3) : x.toFixed(0));
    const table = [
      ['operation', 'kernel', 'dispatches', 'ms/step', 'share', 'bound/step'],
      ...this.rows.map((row) => [
        row.label,
        row.kernel,
        String(row.dispatches),
        ms(row.msPerStep),
        `${(100 * row.share).toFixed(1)} %`,
        size(row.bytesPerStep),
      ]),
    ];
    const widths = table[0]!.map((_, k) => Math.max(...table.map((row) => row[k]!.length)));
    const lines = table.map((row) =>
      row.map((x, k) => (k < 2 ? x.padEnd(widths[k]!) : x.padStart(widths[k]!))).join('  '),
    );
    return [
      ...lines,
      `${steps} step${steps === 1 ? '' : 's'} on ${this.adapter}, by ${this.method}: ${ms(this.ms / steps)} ms a step in kernels, ${ms(this.wallMs / steps)} by the clock`,
      `dispatches a step: ${digits(this.dispatchesPerStep)}, submits: ${digits(this.submitsPerStep)}; pipelines compiled: ${this.pipelines}, in ${ms(this.compileMs)} ms`,
      `memory: ${size(memory.liveBytes)} in ${memory.liveBuffers} buffers, ${size(memory.pooledBytes)} waiting in ${memory.pooledBuffers}`,
    ].join('\n');
  }
}

const digits = (x: number): string => String(Math.round(100 * x) / 100);

const size = (bytes: number): string =>
  bytes < 1e3
    ? `${Math.round(bytes)} B`
    : bytes < 1e5
      ? `${(bytes / 1e3).toPrecision(3)} KB`
      : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 2 : 0)} MB`;
