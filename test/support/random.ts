export * from '../../src/check/random.ts';
