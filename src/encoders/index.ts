export { constantCurrent, encode as onDevice } from './device.ts';
export { delta, type Encoding, latency, levelCrossing, type Population, rate } from './encoding.ts';
export { constantCurrentOnHost, encodeOnHost as onHost } from './host.ts';
