import { embedJson, px } from './html.ts';
import { drawable, type Scale } from './scale.ts';
import type { Values } from './types.ts';

/** What the page's script needs to answer a hover over one figure. */
export interface HoverPanel {
  top: number;
  bottom: number;
  /** Which of `series` or `raster` is there decides what the tooltip shows. */
  series?: { label: string; color: string; values: (number | null)[] }[];
  unit?: string;
  raster?: { neurons: number; t: number[]; n: number[]; groups: { from: number; to: number; label: string }[] };
}

export interface HoverFigure {
  left: number;
  right: number;
  /** The x values at which there is something to show, ascending, and their pixels. */
  xs: number[];
  pixels: number[];
  heads: string[];
  panels: HoverPanel[];
}

/** The figures of a page, in order; an svg element refers to its entry by position. */
export class HoverData {
  readonly #figures: HoverFigure[] = [];

  /** Keeps a figure and gives the attribute that connects its svg element with it. */
  add(figure: HoverFigure): string {
    this.#figures.push(figure);
    return `data-figure="${this.#figures.length - 1}"`;
  }

  toJson(): string {
    return embedJson(this.#figures);
  }
}

/** A path through the points; values that are not finite interrupt it. */
export function linePath(xs: Values, ys: Values, x: Scale, y: Scale): string {
  let path = '';
  let drawing = false;
  for (let i = 0; i < xs.length; i++) {
    const [valueX, valueY] = [xs[i] as number, ys[i] as number];
    if (!drawable(valueX) || !drawable(valueY)) {
      drawing = false;
      continue;
    }
    path += `${drawing ? 'L' : 'M'}${px(x(valueX))} ${px(y(valueY))}`;
    // A stroke of no length comes out as a dot: a single value between two gaps stays visible.
    if (!drawing) path += 'h0';
    drawing = true;
  }
  return path;
}

/** Finite numbers to six digits, everything else null, as JSON can carry them. */
export function forJson(values: Values): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? Number(value.toPrecision(6)) : null));
}

/** The colour class of the i-th series. */
export function colorOf(index: number): string {
  return `s${index % 8}${index % 16 >= 8 ? ' dashed' : ''}`;
}
