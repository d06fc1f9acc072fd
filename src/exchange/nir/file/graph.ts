/** Numbers of a node, whatever their type in the file was. */
export interface NirArray {
  /** [] is a scalar. */
  readonly shape: readonly number[];
  /** In C order. */
  readonly data: Float64Array;
}

export type NirValue = NirArray | string;

/** A primitive of the specification. */
export interface NirNode {
  readonly type: string;
  readonly fields: Readonly<Record<string, NirValue>>;
  readonly metadata?: Readonly<Record<string, NirValue>>;
}

/** Nodes and the edges between them; several edges into one node add up. A graph may be a node of another. */
export interface NirGraph {
  readonly type: 'NIRGraph';
  /** In topological order as far as the graph has one, as our writer keeps it. */
  readonly nodes: ReadonlyMap<string, NirNode | NirGraph>;
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly metadata?: Readonly<Record<string, NirValue>>;
}

/** A graph as a file. */
export interface NirFile {
  /** As the file says; '' where it does not. */
  readonly version: string;
  readonly graph: NirGraph;
}

export const isGraph = (node: NirNode | NirGraph): node is NirGraph => node.type === 'NIRGraph';
