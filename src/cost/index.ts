/** The entry `spiketape/cost`: what a decision costs. */
export { type CostOptions, costOf, HARDWARE, lstmCost } from './cost.ts';
export type { Work } from './counts.ts';
export type { Energy } from './energy.ts';
export type { Estimate } from './estimate.ts';
export {
  type Hardware,
  type HorowitzOptions,
  horowitz,
  loihi,
  type Memory,
  type PublishedFigure,
  published,
} from './hardware.ts';
export type { LstmSizes } from './lstm.ts';
export { Cost, type CostRow, joules } from './table.ts';
export { operationsOf, type UpdateOperations, updateOperations } from './update.ts';
