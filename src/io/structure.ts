import { walk } from '../layers/container.ts';
import type { Layer, LayerConfig } from '../layers/layer.ts';
import type { Sequential } from '../layers/sequential.ts';

/** A layer as it is saved: its config, and those of the layers within it by name. */
export interface SavedLayer extends LayerConfig {
  readonly layers?: Readonly<Record<string, SavedLayer>>;
}

/** Stands for a layer that stands at an earlier place as well. */
const SHARED = 'Shared';

/** Layers that a saved net may have, each counted in everything that it is a part of. */
const MOST = 3000;

/**
 * Counts layers as they are finished, those within them first. Parts that hold the part before several times grow without end, in few
 * lines of text.
 */
function counter(fail: (what: string) => never): (layer: Layer, place: string) => void {
  /** Places in each layer, itself included. */
  const sizes = new Map<Layer, number>();
  let places = 0;
  return (layer, place) => {
    const size = Object.values(layer.children).reduce((sum, child) => sum + (sizes.get(child) ?? 1), 1);
    sizes.set(layer, size);
    places += size;
    if (places > MOST) fail(`layer ${place} is one too many, of ${MOST}`);
  };
}

/**
 * The layers of a net, nested ones within their containers; a layer that stands in several places is written once.
 *
 * @param fail throws, where they are more than are read again
 */
export function describe(net: Sequential, fail: (what: string) => never): SavedLayer[] {
  const count = counter(fail);
  const seen = new Map<Layer, string>();
  const one = (layer: Layer, place: string): SavedLayer => {
    const first = seen.get(layer);
    if (first !== undefined) return { kind: SHARED, place: first };
    seen.set(layer, place);
    const within = Object.entries(layer.children).map(([name, child]) => [name, one(child, `${place}.${name}`)]);
    count(layer, place);
    return within.length ? { ...layer.config, layers: Object.fromEntries(within) } : layer.config;
  };
  return net.layers.map((layer, i) => one(layer, String(i)));
}

/**
 * The layers that were described.
 *
 * @param make a layer from its config and the layers within it
 * @param fail throws
 */
export function rebuild(
  saved: readonly SavedLayer[],
  make: (config: LayerConfig, within: Readonly<Record<string, Layer>>, place: string) => Layer,
  fail: (what: string) => never,
): Layer[] {
  const made = new Map<string, Layer>();
  const count = counter(fail);
  const one = (config: SavedLayer, place: string): Layer => {
    if (config?.kind === SHARED)
      return (
        made.get(config.place as string) ?? fail(`layer ${place} shares layer ${config.place}, which is not there`)
      );
    const within = Object.entries(config?.layers ?? {}).map(([name, c]) => [name, one(c, `${place}.${name}`)] as const);
    const layer = make(config, Object.fromEntries(within), place);
    count(layer, place);
    made.set(place, layer);
    return layer;
  };
  return saved.map((config, i) => one(config, String(i)));
}

/** Further names of parameters that stand in several places, each with its first name. */
export function tiesOf(net: Sequential): Record<string, string> {
  const first = new Map<unknown, string>();
  const ties: Record<string, string> = {};
  for (const [name, p] of Object.entries(net.params)) {
    const known = first.get(p);
    if (known === undefined) first.set(p, name);
    else ties[name] = known;
  }
  return ties;
}

/** Makes those names stand for one parameter again. */
export function tieAgain(net: Sequential, ties: Readonly<Record<string, string>>, fail: (what: string) => never): void {
  const params = new Map(Object.entries(net.params));
  for (const [place, layer] of walk(net)) {
    if (Object.keys(layer.children).length) continue;
    for (const own of Object.keys(layer.params)) {
      const first = ties[`${place}.${own}`];
      if (first === undefined) continue;
      layer.tie(own, params.get(first) ?? fail(`parameter '${place}.${own}' shares '${first}', which is not there`));
    }
  }
}
