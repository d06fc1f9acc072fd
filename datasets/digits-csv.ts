import type { LabelledImages } from './images.ts';

/** The 8x8 digits: pixel value / 16 for each of 64 pixels, labels 0 to 9. */
export interface Digits extends LabelledImages {
  width: 8;
  height: 8;
  classes: 10;
}

const pixels = 64;
const brightest = 16;
const highestLabel = 9;

/**
 * Reads the digits from CSV text: 64 pixel values from 0 to 16 and the label from 0 to 9 a line, no header.
 *
 * @throws Error naming line, column and value when a line has another number of columns, a value is no integer or out
 *   of range, a line is empty, or there is no line at all
 */
export function parseDigitsCsv(text: string): Digits {
  const lines = text.split(/\r?\n/);
  // The newline that ends the last line starts no new one.
  if (lines.at(-1) === '') lines.pop();
  if (lines.length === 0) throw new Error('digits: expected at least one line of 65 values, got an empty file');
  const images = new Float32Array(lines.length * pixels);
  const labels = new Uint32Array(lines.length);
  lines.forEach((line, row) => {
    const cells = line.split(',');
    if (line === '' || cells.length !== pixels + 1) {
      const found = line === '' ? 'an empty line' : `${cells.length} columns`;
      throw new Error(`digits: line ${row + 1}: expected ${pixels + 1} columns (64 pixels and a label), got ${found}`);
    }
    cells.forEach((cell, column) => {
      if (column < pixels) images[row * pixels + column] = integer(cell, row, column, 'pixel', brightest) / brightest;
      else labels[row] = integer(cell, row, column, 'label', highestLabel);
    });
  });
  return { name: 'digits', width: 8, height: 8, classes: 10, count: lines.length, images, labels };
}

function integer(cell: string, row: number, column: number, what: string, highest: number): number {
  // Number() alone would take '', ' 7', '0x7' and '7.0' as well.
  const value = /^\d{1,9}$/.test(cell) ? Number(cell) : -1;
  if (value < 0 || value > highest) {
    const shown = JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);
    throw new Error(
      `digits: line ${row + 1}, column ${column + 1}: expected a ${what}, an integer from 0 to ${highest}, got ${shown}`,
    );
  }
  return value;
}
