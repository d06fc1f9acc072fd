import { isGraph, type NirArray, type NirGraph, type NirNode, type NirValue } from '../file/graph.ts';
import { array, sizeOf } from '../file/values.ts';

/** A node that is still being made: its weights may yet be multiplied. */
interface DraftNode {
  type: string;
  fields: Record<string, NirValue>;
  metadata: Record<string, NirValue>;
}

/** What flows between layers: the sum of what some nodes put out. */
export interface Flow {
  readonly from: readonly string[];
  readonly shape: readonly number[];
  /** Something else reads it too. */
  readonly shared: boolean;
}

const WEIGHTED = ['Linear', 'Affine', 'Conv2d'];
/** What commutes with a factor that is the same for all numbers. */
const LINEAR = ['SumPool2d', 'AvgPool2d', 'Flatten', 'Delay'];

/** A graph that is being made. */
export class Draft {
  readonly nodes = new Map<string, DraftNode | NirGraph>();
  readonly edges: [from: string, to: string][] = [];

  add(name: string, node: NirNode | NirGraph): string {
    if (this.nodes.has(name)) throw new Error(`NIR: there are two nodes '${name}'`);
    this.nodes.set(
      name,
      isGraph(node) ? node : { type: node.type, fields: { ...node.fields }, metadata: { ...node.metadata } },
    );
    return name;
  }

  connect(flow: Flow, to: string): void {
    for (const from of flow.from) this.edges.push([from, to]);
  }

  /** A node behind a flow. */
  after(flow: Flow, name: string, node: NirNode | NirGraph, shape: readonly number[]): Flow {
    this.connect(flow, this.add(name, node));
    return { from: [name], shape, shared: false };
  }

  /**
   * Multiplies what flows by a factor for each number, and adds to it, in the weights of the nodes that it comes from.
   *
   * @returns whether that was possible; otherwise nothing has changed
   */
  rescale(flow: Flow, factor: Float64Array, shift: Float64Array | null = null): boolean {
    if (shift === null && factor.every((f) => f === 1)) return true;
    if (flow.shared || flow.from.length === 0) return false;
    const one = (name: string, depth: number): (() => void) | null => {
      const node = this.nodes.get(name)!;
      if ('nodes' in node || depth > 100) return null;
      if (depth > 0 && this.edges.filter(([from]) => from === name).length !== 1) return null;
      if (LINEAR.includes(node.type) && shift === null && factor.every((f) => f === factor[0])) {
        const before = this.edges.filter(([, to]) => to === name).map(([from]) => one(from, depth + 1));
        return before.length && before.every((f) => f !== null) ? () => before.forEach((f) => f!()) : null;
      }
      if (!WEIGHTED.includes(node.type)) return null;
      const rows = (node.fields.weight as NirArray).shape[0]!;
      const byRow = (values: Float64Array): Float64Array | null => {
        if (depth > 0) return new Float64Array(rows).fill(values[0]!);
        const each = values.length / rows;
        const of = values.filter((_, i) => i % each === 0);
        return values.every((x, i) => x === of[Math.floor(i / each)]) ? of : null;
      };
      const [f, s] = [byRow(factor), shift && byRow(shift)];
      if (!f || (shift && !s)) return null;
      // of several nodes that are added up, the first one has the shift
      const adds = s && name === flow.from[0] ? s : null;
      return () => multiply(node, f, adds);
    };
    const changes = flow.from.map((name) => one(name, 0));
    if (changes.some((c) => c === null)) return false;
    for (const change of changes) change!();
    return true;
  }

  graph(metadata: Record<string, NirValue> = {}): NirGraph {
    return {
      type: 'NIRGraph',
      nodes: this.nodes as ReadonlyMap<string, NirNode | NirGraph>,
      edges: this.edges,
      metadata,
    };
  }
}

/** Rows of a node's weights, and its bias, times a factor each; then the bias plus a shift. */
function multiply(node: DraftNode, factor: Float64Array, shift: Float64Array | null): void {
  const weight = node.fields.weight as NirArray;
  const columns = sizeOf(weight.shape) / weight.shape[0]!;
  node.fields.weight = array(
    weight.data.map((w, i) => w * factor[Math.floor(i / columns)]!),
    weight.shape,
  );
  const bias = node.fields.bias as NirArray | undefined;
  if (!bias && !shift) return;
  node.fields.bias = array(factor.map((f, i) => (bias ? bias.data[i]! * f : 0) + (shift ? shift[i]! : 0)));
  if (node.type === 'Linear') node.type = 'Affine';
}
