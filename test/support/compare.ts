export * from '../../src/check/compare.ts';
