/** NIR: what a graph means, our nets to and from it. */
export { checkNir, encodeNir, graphOf } from './export.ts';
export type { NirArray, NirFile, NirGraph, NirNode, NirValue } from './graph.ts';
export { decodeNir, type NirImportOptions, netOf } from './import.ts';
export { inspectNir } from './inspect.ts';
export { type RunOptions, runNir } from './interpret.ts';
export type { NirOptions } from './options.ts';
export { readNir } from './read.ts';
export { replayNir } from './replay.ts';
export { type Semantics, type SemanticsName, semantics, semanticsNames } from './semantics.ts';
export { validateNir } from './validate.ts';
export { type NirWriteOptions, writeNir } from './write.ts';
