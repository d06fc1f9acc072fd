export { activityNpz } from './activity.ts';
export { type NpyArray, type NpyData, type NpyDtype, npy, numbersOf } from './dtypes.ts';
export { decodeNpy, encodeNpy } from './npy.ts';
export { decodeNpz, encodeNpz } from './npz.ts';
export { loadWeightsNpz, weightsNpz } from './weights.ts';
