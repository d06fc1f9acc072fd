import { encodeOnnx, inspectOnnx, replayOnnx } from '../../../src/exchange/onnx/index.ts';
import { anyBytes } from '../mutators/bytes.ts';
import { editProtobuf } from '../mutators/protobuf.ts';
import { plainNets } from '../nets.ts';
import { sample } from '../sample.ts';
import { megabytes, type Target, way } from '../target.ts';

async function seeds(): Promise<Uint8Array[]> {
  const all = plainNets().flatMap((net) => [encodeOnnx(net), encodeOnnx(net, { mode: 'step', record: true })]);
  return (await Promise.all(all)).map(({ files }) => files[0]!.bytes);
}

const makes = [way('bytes', 1, anyBytes), way('fields', 3, editProtobuf)];

/** `inspectOnnx`: decoding and validating. Bound: a few dozen bytes of objects for each of the file. */
export const onnx: Target = {
  name: 'onnx',
  milliseconds: 200,
  bound: (size) => megabytes(24) + 200 * size,
  says: /^ONNX( file)?[:,] /,
  seeds,
  makes,
  read: inspectOnnx,
};

/** `replayOnnx`: running what was read. */
export const onnxRun: Target = {
  name: 'onnx-run',
  milliseconds: 2000,
  bound: (size) => megabytes(600) + 200 * size,
  says: /^ONNX( file)?[:,] /,
  seeds,
  makes,
  read: (bytes) => replayOnnx(bytes, sample()),
};
