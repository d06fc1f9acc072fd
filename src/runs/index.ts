/** The entry `spiketape/runs`: what long runs need besides `fit`. */
export {
  type Checkpoint,
  type CheckpointStore,
  Checkpoints,
  type CheckpointsOptions,
} from './checkpoints.ts';
export {
  findLearningRate,
  type LearningRateOptions,
  type LearningRates,
  type RatePoint,
} from './learning_rate.ts';
export { overSeeds, type SeedResults, type Spread, spreadOf, spreadText } from './seeds.ts';
export { decodeSnapshot, encodeSnapshot } from './snapshot_file.ts';
