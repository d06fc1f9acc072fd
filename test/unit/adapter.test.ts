import { expect, it } from 'vitest';
import { threadsOf } from '../../src/gpu/adapter.ts';

it('a workgroup has as many threads as the adapter allows, on Apple no more than every device has', () => {
  const limits = { maxComputeInvocationsPerWorkgroup: 1024, maxComputeWorkgroupSizeX: 512 } as GPUSupportedLimits;
  expect(threadsOf({ vendor: 'nvidia' }, limits)).toBe(512);
  expect(threadsOf({ vendor: 'apple' }, limits)).toBe(256);
  expect(threadsOf({ vendor: 'apple' }, { ...limits, maxComputeWorkgroupSizeX: 128 })).toBe(128);
});
