export { GRU, type GRUOptions } from './gru.ts';
export { Gated, type GatedOptions } from './layer.ts';
export { LSTM, type LSTMOptions } from './lstm.ts';
export type { GatedRun } from './op.ts';
