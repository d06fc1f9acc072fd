/** NIR: what a graph means, our nets to and from it. */

export type { NirArray, NirFile, NirGraph, NirNode, NirValue } from './file/graph.ts';
export { readNir } from './file/read.ts';
export { validateNir } from './file/validate.ts';
export { type NirWriteOptions, writeNir } from './file/write.ts';
export { checkNir, encodeNir, graphOf } from './from_net/export.ts';
export type { NirOptions } from './from_net/options.ts';
export { inspectNir } from './inspect.ts';
export { type RunOptions, runNir } from './run/interpret.ts';
export { replayNir } from './run/replay.ts';
export { type Semantics, type SemanticsName, semantics, semanticsNames } from './run/semantics.ts';
export { decodeNir, type NirImportOptions, netOf } from './to_net/import.ts';
