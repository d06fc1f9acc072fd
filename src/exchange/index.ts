/** The entry `spiketape/exchange`: nets to and from the formats of other tools, and the proof that they fire the same spikes. */
export type { Activity, Sample, Trace } from './activity.ts';
export { type Comparison, compare, NEAR, TOLERANCE } from './compare.ts';
export { type ExportOptions, exportNet } from './export.ts';
export type { Exported, ExportedFile, Imported, Inspection, Verdict } from './exported.ts';
export { type FileStore, writeFiles } from './files.ts';
export { type Format, type FormatName, type FormatOptions, formatNames, formats } from './formats.ts';
export { type Inspected, inspect } from './inspect.ts';
export { fromBlob, type LoadOptions, load } from './load.ts';
export { placed, stemOf } from './names.ts';
export {
  fires,
  type LoihiNeurons,
  type LoihiState,
  nextCurrent,
  nextVoltage,
  restingState,
  step as loihiStep,
} from './netx/loihi.ts';
export { readNirData, writeNirData } from './nir/file/data.ts';
export type { NirArray, NirFile, NirGraph, NirNode } from './nir/file/graph.ts';
export { readNir } from './nir/file/read.ts';
export { validateNir } from './nir/file/validate.ts';
export { writeNir } from './nir/file/write.ts';
export type { NirImportOptions, NirOptions, SemanticsName } from './nir/index.ts';
export { graphOf, netOf } from './nir/index.ts';
export { runNir } from './nir/run/interpret.ts';
export {
  activityNpz,
  decodeNpy,
  decodeNpz,
  encodeNpy,
  encodeNpz,
  loadWeightsNpz,
  type NpyArray,
  npy,
  numbersOf,
  weightsNpz,
} from './numpy/index.ts';
export { makeSample, type SampleOptions } from './sample.ts';
export { type SaveOptions, save, toBlob } from './save.ts';
export { checkSample, type SimulateOptions, type Simulation, simulate } from './simulate.ts';
export { comparisonText, verify } from './verify.ts';
