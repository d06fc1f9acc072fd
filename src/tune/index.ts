/** The entry `spiketape/tune`: choices that depend on the adapter, by measurement. */
export type { TuningStore } from './store.ts';
export { Tuner, tune } from './tuner.ts';
