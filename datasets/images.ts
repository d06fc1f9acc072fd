/** Labelled grey images in memory. */
export interface LabelledImages {
  name: string;
  /** Pixels in a row. */
  width: number;
  /** Rows in an image. */
  height: number;
  classes: number;
  /** How many images there are (n). */
  count: number;
  /** Grey values from 0 to 1, shape [n, height * width], row by row. */
  images: Float32Array;
  /** Shape [n], from 0 to classes - 1. */
  labels: Uint32Array;
}
