import { decodeJson, encodeJson } from '../../../src/exchange/json.ts';
import type { Sequential } from '../../../src/layers/sequential.ts';
import { anyBytes } from '../mutators/bytes.ts';
import { editJson } from '../mutators/json.ts';
import { nets } from '../nets.ts';
import { megabytes, type Target, way } from '../target.ts';
import { wrongNet } from './model.ts';

/** `decodeJson`: structure and parameters as one text. Bound: that of `loadModel`, and what JSON makes of the numbers. */
export const json: Target = {
  name: 'json',
  milliseconds: 200,
  bound: (size) => megabytes(24) + 500 * size,
  says: /^(json|loadModel|safetensors|Sequential): /,
  async seeds() {
    return Object.values(nets()).map((net) => new TextEncoder().encode(encodeJson(net)));
  },
  makes: [
    way('bytes', 1, anyBytes),
    way('json', 4, (bytes, _, random) => new TextEncoder().encode(editJson(new TextDecoder().decode(bytes), random))),
  ],
  read: (bytes) => decodeJson(new TextDecoder().decode(bytes)),
  wrong: (value) => wrongNet(value as Sequential),
};
