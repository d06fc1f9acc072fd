export { checkOnnx, encodeOnnx } from './export.ts';
export { inspectOnnx } from './inspect.ts';
export type { OnnxOptions } from './options.ts';
export { type ReplayOptions, replayOnnx } from './replay.ts';
