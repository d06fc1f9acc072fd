import type { Parameter } from '../autograd/parameter.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type ForwardContext, Layer } from './layer.ts';

/** A layer made of layers. Its parameters are theirs, under `child.name`; one layer may stand in several places. */
export abstract class Container extends Layer {
  abstract override readonly children: Readonly<Record<string, Layer>>;

  /** Not stored: a parameter may be tied after the container was made. */
  get params(): Readonly<Record<string, Parameter>> {
    return Object.fromEntries(
      Object.entries(this.children).flatMap(([child, layer]) =>
        Object.entries(layer.params).map(([name, p]) => [`${child}.${name}`, p]),
      ),
    );
  }

  /** Records one of the layers within, at its place in the net. */
  protected run(child: string, x: Tensor, context: ForwardContext): Tensor {
    const layer = this.children[child]!;
    const place = context.place ? `${context.place}.${child}` : child;
    layer.label = `${place} ${layer.config.kind}`;
    return layer.forward(x, { ...context, place });
  }
}

/** All layers below one, each at each of its places, containers before what is in them. */
export function* walk(layer: Layer, place = ''): Generator<readonly [place: string, layer: Layer]> {
  for (const [name, child] of Object.entries(layer.children)) {
    const at = place ? `${place}.${name}` : name;
    yield [at, child];
    yield* walk(child, at);
  }
}

/** @throws unless each of them is a layer */
export function checkLayers(owner: string, layers: readonly unknown[]): void {
  layers.forEach((layer, i) => {
    if (!(layer instanceof Layer)) throw new Error(`${owner}: argument ${i} is no layer`);
  });
}

/** @throws when a layer's inputs are not as wide as the outputs of the one before it */
export function checkChain(owner: string, children: Readonly<Record<string, Layer>>): void {
  const list = Object.entries(children);
  list.slice(1).forEach(([name, layer], i) => {
    const [nameBefore, before] = list[i]!;
    if (before.outputs === layer.inputs) return;
    const [from, to] = [edge(nameBefore, before, 'last'), edge(name, layer, 'first')];
    throw new Error(
      `${owner}: layer ${to} expects inputs of width ${layer.inputs}, layer ${from} gives ${before.outputs}`,
    );
  });
}

/** The layer that really takes the input, or gives the output, with its place. */
export function edge(place: string, layer: Layer, which: 'first' | 'last'): string {
  const inside = Object.entries(layer.children);
  // what comes out of a sum or a concatenation is no single layer's
  const next = which === 'first' ? inside[0] : layer.config.kind === 'Sequential' ? inside.at(-1) : undefined;
  return next ? edge(`${place}.${next[0]}`, next[1], which) : `${place} (${layer.config.kind})`;
}
