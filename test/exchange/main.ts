/** What `scripts/exchange.mjs` calls, bundled. */
export { toolNames, tools } from './cases.ts';
export { judge } from './judge.ts';
export { make } from './make.ts';
export { notAsWritten, section, verdictOf, writeTable } from './table.ts';
