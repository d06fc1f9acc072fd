import {
  ATTRIBUTE,
  type Attribute,
  type Graph,
  type Model,
  type Node,
  SIZE,
  type Tensor,
  TYPE,
  type ValueInfo,
} from './model.ts';
import {
  bytesOf,
  type Field,
  fail,
  fields,
  floatOf,
  intOf,
  messageOf,
  pushFloats,
  pushInts,
  type Span,
  textOf,
} from './protobuf.ts';

/** Graphs within graphs: a Scan in a Scan in the graph is 3. */
const DEEPEST = 16;

/**
 * Reads the wire format of an ONNX file. Weights are not copied; what is made beside them stays below 100 bytes for each byte of the file.
 *
 * @throws on anything that is no ONNX model, naming the byte; `validate` then judges the graph
 */
export function decodeModel(file: Uint8Array): Model {
  const opsets: { domain: string; version: number }[] = [];
  const metadata = new Map<string, string>();
  const text = { producer: '', producerVersion: '', doc: '' };
  let irVersion = 0;
  let graph: Graph | null = null;
  if (file.length === 0) fail(0, 'the file is empty');
  each(
    { file, start: 0, end: file.length },
    {
      1: (f) => (irVersion = intOf(f, 'ir_version')),
      2: (f) => (text.producer = textOf(f, 'producer_name')),
      3: (f) => (text.producerVersion = textOf(f, 'producer_version')),
      6: (f) => (text.doc = textOf(f, "the model's doc_string")),
      7: (f) => {
        if (graph) fail(f.at, 'the model has a second graph');
        graph = readGraph(messageOf(f, 'the graph'), 1);
      },
      8: (f) => opsets.push(readOpset(messageOf(f, 'opset_import'))),
      14: (f) => {
        const [key, value] = readPair(messageOf(f, 'metadata_props'));
        if (metadata.has(key)) fail(f.at, `metadata '${key}' is given twice`);
        metadata.set(key, value);
      },
    },
  );
  if (!graph) fail(file.length, 'the file ends without a graph: it is no ONNX model');
  if (!(irVersion >= 3 && irVersion < 1000)) fail(0, `ir_version must be 3 or more, got ${irVersion}`);
  return { irVersion, ...text, opsets, graph, metadata };
}

type Handlers = Readonly<Record<number, (f: Field) => unknown>>;

/** Hands each field to what reads it. Fields of other numbers are passed over, as protobuf asks for. */
function each(span: Span, handlers: Handlers): void {
  for (const f of fields(span)) {
    handlers[f.number]?.(f);
  }
}

function readOpset(span: Span): { domain: string; version: number } {
  let [domain, version] = ['', 0];
  each(span, {
    1: (f) => (domain = textOf(f, 'the domain')),
    2: (f) => (version = intOf(f, 'the version')),
  });
  return { domain, version };
}

function readPair(span: Span): [key: string, value: string] {
  const pair: [string, string] = ['', ''];
  each(span, {
    1: (f) => (pair[0] = textOf(f, 'a key')),
    2: (f) => (pair[1] = textOf(f, 'a value')),
  });
  return pair;
}

function readGraph(span: Span, depth: number): Graph {
  if (depth > DEEPEST) fail(span.start, `graphs are nested more than ${DEEPEST} deep`);
  const nodes: Node[] = [];
  const initializers: Tensor[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  let [name, doc] = ['', ''];
  each(span, {
    1: (f) => nodes.push(readNode(messageOf(f, 'a node'), depth)),
    2: (f) => (name = textOf(f, "the graph's name")),
    5: (f) => {
      const tensor = readTensor(messageOf(f, 'an initializer'));
      if (!tensor.name) fail(f.at, 'an initializer has no name');
      initializers.push(tensor);
    },
    10: (f) => (doc = textOf(f, "the graph's doc_string")),
    11: (f) => inputs.push(readValue(messageOf(f, 'an input'))),
    12: (f) => outputs.push(readValue(messageOf(f, 'an output'))),
  });
  return { name, doc, nodes, initializers, inputs, outputs };
}

function readNode(span: Span, depth: number): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Attribute[] = [];
  const text = { name: '', op: '', domain: '', doc: '' };
  each(span, {
    1: (f) => inputs.push(textOf(f, "an input's name")),
    2: (f) => outputs.push(textOf(f, "an output's name")),
    3: (f) => (text.name = textOf(f, "a node's name")),
    4: (f) => (text.op = textOf(f, 'op_type')),
    5: (f) => attributes.push(readAttribute(messageOf(f, 'an attribute'), depth)),
    6: (f) => (text.doc = textOf(f, "a node's doc_string")),
    7: (f) => (text.domain = textOf(f, "a node's domain")),
  });
  if (!text.op) fail(span.start, `node '${text.name}' has no op_type`);
  const seen = new Set<string>();
  for (const { name } of attributes) {
    if (seen.has(name)) fail(span.start, `node '${text.name}' (${text.op}) has attribute '${name}' twice`);
    seen.add(name);
  }
  return { ...text, inputs, outputs, attributes };
}

function readAttribute(span: Span, depth: number): Attribute {
  const ints: number[] = [];
  const floats: number[] = [];
  const texts: Uint8Array[] = [];
  let name = '';
  let type = 0;
  // of which only one may be there
  const found: { at: number; value: Attribute }[] = [];
  const put = (f: Field, value: Attribute): unknown => found.push({ at: f.at, value });
  each(span, {
    1: (f) => (name = textOf(f, "an attribute's name")),
    2: (f) => put(f, { name: '', kind: 'float', value: floatOf(f, 'a float') }),
    3: (f) => put(f, { name: '', kind: 'int', value: intOf(f, 'an int') }),
    4: (f) => put(f, { name: '', kind: 'text', value: bytesOf(f, 'a string') }),
    5: (f) => put(f, { name: '', kind: 'tensor', value: readTensor(messageOf(f, 'a tensor')) }),
    6: (f) => put(f, { name: '', kind: 'graph', value: readGraph(messageOf(f, 'a graph'), depth + 1) }),
    7: (f) => pushFloats(f, floats, 'floats'),
    8: (f) => pushInts(f, ints, 'ints'),
    9: (f) => texts.push(bytesOf(f, 'strings')),
    20: (f) => (type = intOf(f, "an attribute's type")),
  });
  if (!name) fail(span.start, 'an attribute has no name');
  if (found.length > 1) fail(found[1]!.at, `attribute '${name}' has two values`);
  const single = found[0]?.value;
  if (single) {
    if (type && ATTRIBUTE[single.kind as keyof typeof ATTRIBUTE] !== type)
      fail(span.start, `attribute '${name}' says that it is of type ${type} and holds a ${single.kind}`);
    return { ...single, name };
  }
  // files from before types were written have none, and an empty list is not written at all
  if (type === ATTRIBUTE.floats || (!type && floats.length)) return { name, kind: 'floats', value: floats };
  if (type === ATTRIBUTE.ints || (!type && ints.length)) return { name, kind: 'ints', value: ints };
  if (type === ATTRIBUTE.texts || (!type && texts.length)) return { name, kind: 'texts', value: texts };
  return { name, kind: 'other' };
}

/** Fields in which numbers may be given one by one: their element type, and bytes of each. */
const LISTS: Readonly<Record<number, string>> = {
  4: 'float_data',
  5: 'int32_data',
  7: 'int64_data',
  10: 'double_data',
};

function readTensor(span: Span): Tensor {
  const dims: number[] = [];
  const listed: number[] = [];
  const text = { name: '', doc: '' };
  let type = 0;
  let raw: Uint8Array | null = null;
  let list = 0;
  const ints = (f: Field): void => {
    list = f.number;
    pushInts(f, listed, LISTS[f.number]!);
  };
  const floats =
    (size: 4 | 8) =>
    (f: Field): void => {
      list = f.number;
      pushFloats(f, listed, LISTS[f.number]!, size);
    };
  for (const f of fields(span)) {
    if (f.number === 1) pushInts(f, dims, "a tensor's dims");
    else if (f.number === 2) type = intOf(f, 'data_type');
    else if (f.number === 4) floats(4)(f);
    else if (f.number === 5 || f.number === 7) ints(f);
    else if (f.number === 10) floats(8)(f);
    else if (f.number === 8) text.name = textOf(f, "a tensor's name");
    else if (f.number === 9) raw = bytesOf(f, 'raw_data');
    else if (f.number === 12) text.doc = textOf(f, "a tensor's doc_string");
    else if (f.number === 13 || (f.number === 14 && intOf(f, 'data_location') !== 0))
      fail(f.at, `tensor '${text.name}' keeps its numbers in another file, which is not read`);
  }
  const bad = dims.find((n) => !(n >= 0));
  if (bad !== undefined) fail(span.start, `tensor '${text.name}' has a dimension of ${bad}`);
  if (dims.length > 16) fail(span.start, `tensor '${text.name}' has ${dims.length} dimensions`);
  const count = dims.reduce((a, b) => a * b, 1);
  const size = SIZE[type];
  const shape = `[${dims.join(', ')}]`;
  if (!size) return { ...text, dims, type, raw: raw ?? new Uint8Array(0) };
  if (raw && listed.length) fail(span.start, `tensor '${text.name}' has its numbers twice`);
  if (raw && raw.length !== count * size)
    fail(span.start, `tensor '${text.name}' ${shape} must have ${count * size} bytes, got ${raw.length}`);
  if (!raw && listed.length !== count)
    fail(span.start, `tensor '${text.name}' ${shape} must have ${count} numbers, got ${listed.length}`);
  return { ...text, dims, type, raw: raw ?? packList(type, listed, list, span) };
}

/** Numbers that were given one by one, as raw bytes. */
function packList(type: number, listed: readonly number[], list: number, span: Span): Uint8Array {
  const fits = { [TYPE.float]: 4, [TYPE.double]: 10, [TYPE.int64]: 7 }[type] ?? 5;
  if (listed.length && list !== fits) fail(span.start, `a tensor of type ${type} cannot have ${LISTS[list]}`);
  const size = SIZE[type]!;
  const raw = new Uint8Array(size * listed.length);
  const view = new DataView(raw.buffer);
  listed.forEach((x, i) => {
    if (type === TYPE.float) view.setFloat32(4 * i, x, true);
    else if (type === TYPE.double) view.setFloat64(8 * i, x, true);
    else if (type === TYPE.int64) view.setBigInt64(8 * i, BigInt(x), true);
    else if (size === 4) view.setInt32(4 * i, x, true);
    else if (size === 2) view.setUint16(2 * i, x, true);
    else view.setUint8(i, x);
  });
  return raw;
}

function readValue(span: Span): ValueInfo {
  let name = '';
  let type = 0;
  let shape: (number | string)[] | null = null;
  each(span, {
    1: (f) => (name = textOf(f, "a value's name")),
    2: (f) =>
      each(messageOf(f, 'a type'), {
        1: (t) =>
          each(messageOf(t, 'tensor_type'), {
            1: (e) => (type = intOf(e, 'elem_type')),
            2: (s) => (shape = readShape(messageOf(s, 'a shape'))),
          }),
      }),
  });
  if (!name) fail(span.start, 'a value has no name');
  return { name, type, shape };
}

function readShape(span: Span): (number | string)[] {
  const shape: (number | string)[] = [];
  each(span, {
    1: (f) => {
      let n: number | string = '';
      each(messageOf(f, 'a dimension'), {
        1: (d) => (n = intOf(d, 'dim_value')),
        2: (d) => (n = textOf(d, 'dim_param')),
      });
      if (typeof n === 'number' && n < 0) fail(f.at, `a shape has a dimension of ${n}`);
      shape.push(n);
    },
  });
  return shape;
}
