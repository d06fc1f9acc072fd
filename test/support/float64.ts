export * from '../../src/check/float64.ts';
