import type { Random } from '../random.ts';
import { join } from './bytes.ts';
import { editJson } from './json.ts';

/** A safetensors file with its header changed as JSON and its length as it then is: damage that only checks can notice. */
export function editHeader(bytes: Uint8Array, random: Random): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<string, unknown>;
  const data = bytes.subarray(8 + length);
  return withHeader(editJson(JSON.stringify(header), random), data);
}

export function withHeader(header: string, data: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  return join(length, text, data);
}

/** The same file without the sums that `encodeSafetensors` leaves. */
export function withoutSums(bytes: Uint8Array): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as {
    __metadata__?: Record<string, string>;
  };
  for (const key of Object.keys(header.__metadata__ ?? {}))
    if (key.startsWith('spiketape.crc32.')) delete header.__metadata__![key];
  return withHeader(JSON.stringify(header), bytes.slice(8 + length));
}
