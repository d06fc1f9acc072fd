import type { Sequential } from '../layers/sequential.ts';

/** A file that an export consists of. */
export interface ExportedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a format makes of a net, before anything is written. */
export interface Verdict {
  /** Why the format cannot hold the net at all, a line for each reason; empty where it can. */
  readonly refused: readonly string[];
  /** What the file will not say, or say differently, so that spikes may differ; empty where nothing is lost. */
  readonly lost: readonly string[];
  /** What a user should know though nothing is lost: which readers are known not to run it, say. */
  readonly notes: readonly string[];
}

/** A net in a format of others. */
export interface Exported extends Verdict {
  /** The first one is that which the format is about. */
  readonly files: readonly ExportedFile[];
}

/** A net from a format of others. */
export interface Imported {
  readonly net: Sequential;
  /** What the importer assumed, and what it could not take over. */
  readonly notes: readonly string[];
}

/** A file as `inspect` shows it. */
export interface Inspection {
  /** `NIR 1.0.8`, `ONNX, opset 17`. */
  readonly format: string;
  /** Of the file as a whole, in the order in which they are shown. */
  readonly facts: Readonly<Record<string, string | number>>;
  /** Its nodes or layers. */
  readonly nodes: readonly {
    readonly name: string;
    readonly type: string;
    /** `[240, 80]`, or '' */
    readonly shape: string;
    /** `tau 0.0021 .. 0.0021, v_threshold 1` */
    readonly detail: string;
    /** Names of the nodes that it reads. */
    readonly from: readonly string[];
  }[];
}

/** @throws what a net cannot be written for, all of it in one message */
export function refuse(format: string, { refused }: Pick<Verdict, 'refused'>): void {
  if (refused.length) throw new Error(`${format} cannot hold this net:\n${refused.map((r) => `  ${r}`).join('\n')}`);
}
