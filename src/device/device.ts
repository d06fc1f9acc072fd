import type { Kernel, Variant } from '../kernels/kernel.ts';
import type { Storage } from './storage.ts';

/** One dispatch of a kernel: variant, uniforms, memory by binding name (null where the variant does not use it). */
export interface Call {
  readonly kernel: Kernel;
  readonly variant: Variant;
  readonly dims: Readonly<Record<string, number>>;
  readonly buffers: Readonly<Record<string, Storage | null>>;
  readonly groups: readonly [number, number, number];
  /** Whose call this is, for errors and profiles: `0 AHP forward`. */
  readonly label: string;
  /** Estimated operations, where they are many: what a long step is cut into several submits by. */
  readonly work?: number | undefined;
  /** What the float64 twin of the kernel needs besides. */
  readonly twin?: unknown;
}

/** A training or inference step, lowered: the calls in order and what must be there before and after. */
export interface Step {
  readonly calls: readonly Call[];
  /** Inputs by tensor number. */
  readonly inputs: ReadonlyMap<number, Storage>;
  /** Memory that is readable after the step. */
  readonly kept: ReadonlySet<Storage>;
  /** Memory whose contents are gathered at every step and read back many steps at once. */
  readonly reports: readonly Storage[];
  /** Persistent memory to set to 0 before the calls. */
  readonly clear: readonly { readonly storage: Storage; readonly from: number; readonly count: number }[];
}

/** What a step is run with. */
export interface StepInputs {
  readonly data: ReadonlyMap<number, StepInput>;
  readonly slots: ArrayLike<number>;
  readonly seed: number;
  readonly step: number;
}

/** Numbers in the storage's own layout, or memory that another step left on the device. */
export type StepInput =
  | Float32Array
  | Uint32Array
  | { readonly executable: Executable; readonly storage: Storage; readonly run: number };

/** A compiled step. */
export interface Executable {
  /** Number of the last run. */
  readonly runs: number;
  run(inputs: StepInputs): Promise<void>;
  /** The contents of kept memory as the last run left them, in the storage's layout. */
  read(storage: Storage): Promise<Contents>;
  /** The reports of all runs since the last call, oldest first. */
  collect(): Promise<Contents[][]>;
  dispose(): void;
}

/** `packed` tells whether spikes are bits (a GPU) or one number each (the reference). */
export interface Contents {
  readonly packed: boolean;
  readonly words: Float32Array | Uint32Array | Float64Array;
}

/**
 * What can run steps. Two implementations: the GPU, and the float64 reference that stands beside it kernel by kernel.
 */
export interface Device {
  /** The adapter, for people. */
  readonly name: string;
  readonly limits: {
    readonly maxWorkgroup: number;
    readonly maxBinding: number;
    /** A CPU plays the GPU: few threads that do much are better than many. */
    readonly software?: boolean;
    /** Estimated operations of a dispatch at most, in place of `budgetOf`'s rule (for tests). */
    readonly budget?: number;
    /** Weights of half precision are stored as such, two a word; elsewhere as rounded numbers of full length. */
    readonly packedWeights?: boolean;
  };
  /** Optional features of WebGPU that may be used here, by their names there: 'shader-f16', 'subgroups', 'timestamp-query'. */
  readonly features: ReadonlySet<string>;
  compile(step: Step): Promise<Executable>;
  write(storage: Storage, at: number, values: Float32Array): void;
  read(storage: Storage, at: number, length: number): Promise<Float32Array>;
  free(storage: Storage): void;
  report(): MemoryReport;
  dispose(): void;
  /** Resolves to something when the device is lost; not there where it cannot be. */
  readonly lost?: Promise<unknown>;
  /** A new device with the options of this one, to take its place. */
  reopen?(): Promise<Device>;
}

/** Memory on a device. */
export interface MemoryReport {
  /** In use. */
  readonly liveBytes: number;
  readonly liveBuffers: number;
  /** Waiting to be used again. */
  readonly pooledBytes: number;
  readonly pooledBuffers: number;
}
