import type { Activity, Sample, Trace } from '../activity.ts';
import { decodeModel } from './decode.ts';
import { type Model, TYPE } from './model.ts';
import type { LayerNote } from './net_graph.ts';
import { Runner, type RunOptions } from './run.ts';
import { validateModel } from './validate.ts';
import type { Limits, Value } from './values.ts';

export type ReplayOptions = Pick<RunOptions, 'round' | 'limits'>;

/**
 * Reads an exported file back and runs it, in the file's own precision: what a runtime makes of it, without one. Numbers that it holds at a
 * time are bound by the file and the sample, to 256 for each sample, step and byte or input, and to 1 GiB in all.
 *
 * @throws on a file that is no ONNX model, is not one of ours, or cannot be run on the sample, naming byte or node
 */
export async function replayOnnx(bytes: Uint8Array, sample: Sample, options: ReplayOptions = {}): Promise<Activity> {
  const model = readOnnx(bytes);
  const notes = notesOf(model);
  const watch = notes.flatMap(({ spikes, voltage }) => [...(spikes === null ? [] : [spikes]), voltage]);
  const count = stepsOf(model, sample);
  const runner = new Runner(model.graph, { limits: limitsFor(bytes.length, sample, count), ...options, watch });
  const stepping = model.metadata.get('spiketape.mode') === 'step';
  const outputs = stepping ? steps(runner, sample, count) : sequence(runner, sample);
  const { T, B } = sample;
  const layers = notes.map(({ label, N, spikes, voltage }): Trace => {
    const of = (name: string): Float64Array | null => {
      const all = joined(runner.watched.get(name) ?? []);
      if (all.length % (B * N) !== 0) throw new Error(`ONNX: '${name}' is not of ${B} samples of ${N} neurons`);
      return all.length ? all : null;
    };
    return { label, N, spikes: spikes === null ? null : of(spikes), voltage: of(voltage) };
  });
  return { T, B, outputs: joined(outputs), layers };
}

/** A file as a model whose names all lead somewhere. @throws otherwise */
export function readOnnx(bytes: Uint8Array): Model {
  const model = decodeModel(bytes);
  validateModel(model);
  return model;
}

/** More than a net could need whose file has so many bytes: a layer is as wide as the sample, or has weights or states for its width. */
function limitsFor(bytes: number, { B, N }: Sample, T: number): Limits {
  const widths = T * B * (N + bytes);
  return { numbers: Math.min(2 ** 27, 256 * widths), work: Math.min(2 ** 35, 512 * widths + 4 * T * B * N * bytes) };
}

/** @returns the outputs, in one piece or one for each step */
function sequence(runner: Runner, sample: Sample): readonly Value[] {
  const { T, B, N, inputs } = sample;
  const feeds = startOf(runner, B);
  feeds.set('input', { dims: [T, B, N], type: typeOf(runner.graph.inputs), data: Float64Array.from(inputs) });
  return [outputOf(runner.run(feeds))];
}

function steps(runner: Runner, sample: Sample, count: number): readonly Value[] {
  const { T, B, N, inputs } = sample;
  const type = typeOf(runner.graph.inputs);
  const all: Value[] = [];
  let feeds = startOf(runner, B);
  for (let t = 0; t < count; t++) {
    // what stands still has one step
    const from = (t % T) * B * N;
    feeds.set('input', { dims: [B, N], type, data: Float64Array.from(inputs.subarray(from, from + B * N)) });
    const outputs = runner.run(feeds);
    all.push(outputOf(outputs));
    const next = (name: string): Value => {
      const value = outputs.get(`${name}.next`);
      if (!value) throw new Error(`ONNX: there is no output '${name}.next' for the state '${name}'`);
      return value;
    };
    feeds = new Map([...feeds.keys()].filter((name) => name !== 'input').map((name) => [name, next(name)]));
  }
  return all;
}

type Inputs = Model['graph']['inputs'];

/** States before the first step: 0. */
function startOf(runner: Runner, B: number): Map<string, Value> {
  return new Map(
    runner.graph.inputs
      .filter(({ name }) => name.startsWith('state.'))
      .map(({ name, type, shape }) => [
        name,
        runner.zeros(
          name,
          (shape ?? []).map((n) => (typeof n === 'number' ? n : B)),
          type,
        ),
      ]),
  );
}

function typeOf(inputs: Inputs): number {
  const type = inputs.find(({ name }) => name === 'input')?.type;
  if (type !== TYPE.float && type !== TYPE.double)
    throw new Error("ONNX: the model has no input 'input' of floats; is it one that spiketape exported?");
  return type;
}

function outputOf(outputs: ReadonlyMap<string, Value>): Value {
  const value = outputs.get('output');
  if (!value) throw new Error("ONNX: the model has no output 'output'");
  return value;
}

function joined(values: readonly Value[]): Float64Array {
  if (values.length === 1) return values[0]!.data;
  const all = new Float64Array(values.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of values) {
    all.set(data, at);
    at += data.length;
  }
  return all;
}

/** Steps to be run: as many as the sample has, or, of one that stands still, as many as the net makes of it. */
function stepsOf({ metadata }: Model, { T }: Sample): number {
  const text = metadata.get('spiketape.steps');
  if (text === undefined || T !== 1) return T;
  const count = Number(text);
  if (!(Number.isInteger(count) && count >= 1 && count <= 1e6))
    throw new Error(`ONNX: metadata 'spiketape.steps' must be a whole number in 1 .. 1e6, got '${text}'`);
  return count;
}

/** What the file says of its layers. @throws when it says nothing, or nothing that makes sense */
export function notesOf({ metadata }: Model): LayerNote[] {
  const mode = metadata.get('spiketape.mode');
  if (mode !== 'sequence' && mode !== 'step')
    throw new Error(
      `ONNX: metadata 'spiketape.mode' must be 'sequence' or 'step', got '${mode}'; is the file one that spiketape exported?`,
    );
  const text = metadata.get('spiketape.layers') ?? '';
  let notes: unknown;
  try {
    notes = JSON.parse(text);
  } catch (error) {
    throw new Error(`ONNX: metadata 'spiketape.layers' is no JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!Array.isArray(notes) || !notes.every(isNote))
    throw new Error("ONNX: metadata 'spiketape.layers' must be a list of { label, N, spikes, voltage, dt }");
  return notes;
}

function isNote(note: unknown): note is LayerNote {
  if (typeof note !== 'object' || note === null) return false;
  const { label, N, spikes, voltage } = note as Partial<Record<keyof LayerNote, unknown>>;
  return (
    typeof label === 'string' &&
    Number.isInteger(N) &&
    (N as number) > 0 &&
    (typeof spikes === 'string' || spikes === null) &&
    typeof voltage === 'string'
  );
}
