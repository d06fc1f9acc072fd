import { Writer } from './protobuf.ts';

/** The parts of ONNX's ModelProto that are read and written here: https://onnx.ai, onnx.proto. */
export interface Model {
  readonly irVersion: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly doc: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  readonly graph: Graph;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface Graph {
  readonly name: string;
  readonly doc: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface Node {
  readonly name: string;
  readonly op: string;
  /** '' is the standard's own operators. */
  readonly domain: string;
  /** Names of values; '' for an optional one that is not given. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Attribute[];
  readonly doc: string;
}

export type Attribute = { readonly name: string } & (
  | { readonly kind: 'float' | 'int'; readonly value: number }
  | { readonly kind: 'text'; readonly value: Uint8Array }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: Graph }
  | { readonly kind: 'floats' | 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'texts'; readonly value: readonly Uint8Array[] }
  /** Something that is not looked into. */
  | { readonly kind: 'other' }
);

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** One of `TYPE`, or another that the standard knows. */
  readonly type: number;
  /** The numbers, little-endian. */
  readonly raw: Uint8Array;
  readonly doc: string;
}

export interface ValueInfo {
  readonly name: string;
  /** 0 for what is no tensor. */
  readonly type: number;
  /** A number, a name, or '' where it is open; null where not even the rank is said. */
  readonly shape: readonly (number | string)[] | null;
}

/** The standard's codes of element types. */
export const TYPE = { float: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, double: 11 } as const;

/** Bytes of an element; undefined for types of which nothing is known here. */
export const SIZE: Readonly<Record<number, number>> = {
  [TYPE.float]: 4,
  [TYPE.uint8]: 1,
  [TYPE.int8]: 1,
  [TYPE.int32]: 4,
  [TYPE.int64]: 8,
  [TYPE.bool]: 1,
  [TYPE.float16]: 2,
  [TYPE.double]: 8,
};

/** Codes of attributes' types. */
export const ATTRIBUTE = { float: 1, int: 2, text: 3, tensor: 4, graph: 5, floats: 6, ints: 7, texts: 8 } as const;

/** A model as a file. */
export function encodeModel(model: Model): Uint8Array {
  const w = new Writer().int(1, model.irVersion);
  if (model.producer) w.text(2, model.producer);
  if (model.producerVersion) w.text(3, model.producerVersion);
  if (model.doc) w.text(6, model.doc);
  w.message(7, (g) => writeGraph(g, model.graph));
  for (const { domain, version } of model.opsets)
    w.message(8, (o) => {
      if (domain) o.text(1, domain);
      o.int(2, version);
    });
  for (const [key, value] of model.metadata) w.message(14, (m) => m.text(1, key).text(2, value));
  return w.finish();
}

function writeGraph(w: Writer, graph: Graph): void {
  for (const node of graph.nodes) w.message(1, (n) => writeNode(n, node));
  if (graph.name) w.text(2, graph.name);
  for (const tensor of graph.initializers) w.message(5, (t) => writeTensor(t, tensor));
  if (graph.doc) w.text(10, graph.doc);
  for (const value of graph.inputs) w.message(11, (v) => writeValue(v, value));
  for (const value of graph.outputs) w.message(12, (v) => writeValue(v, value));
}

function writeNode(w: Writer, node: Node): void {
  for (const name of node.inputs) w.text(1, name);
  for (const name of node.outputs) w.text(2, name);
  if (node.name) w.text(3, node.name);
  w.text(4, node.op);
  for (const attribute of node.attributes) w.message(5, (a) => writeAttribute(a, attribute));
  if (node.doc) w.text(6, node.doc);
  if (node.domain) w.text(7, node.domain);
}

function writeAttribute(w: Writer, a: Attribute): void {
  w.text(1, a.name);
  if (a.kind === 'other') throw new Error(`ONNX: attribute '${a.name}' was not read and cannot be written`);
  if (a.kind === 'float') w.float(2, a.value);
  else if (a.kind === 'int') w.int(3, a.value);
  else if (a.kind === 'text') w.bytes(4, a.value);
  else if (a.kind === 'tensor') w.message(5, (t) => writeTensor(t, a.value));
  else if (a.kind === 'graph') w.message(6, (g) => writeGraph(g, a.value));
  // not packed: so it is in the standard, which is of an older kind
  else if (a.kind === 'floats') for (const x of a.value) w.float(7, x);
  else if (a.kind === 'ints') for (const x of a.value) w.int(8, x);
  else if (a.kind === 'texts') for (const x of a.value) w.bytes(9, x);
  w.int(20, ATTRIBUTE[a.kind]);
}

function writeTensor(w: Writer, t: Tensor): void {
  for (const n of t.dims) w.int(1, n);
  w.int(2, t.type);
  if (t.name) w.text(8, t.name);
  w.bytes(9, t.raw);
  if (t.doc) w.text(12, t.doc);
}

function writeValue(w: Writer, { name, type, shape }: ValueInfo): void {
  w.text(1, name);
  if (!type) return;
  w.message(2, (t) =>
    t.message(1, (tensor) => {
      tensor.int(1, type);
      if (!shape) return;
      tensor.message(2, (s) => {
        for (const n of shape)
          s.message(1, (d) => {
            if (typeof n === 'number') d.int(1, n);
            else if (n) d.text(2, n);
          });
      });
    }),
  );
}
