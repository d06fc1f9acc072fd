import { escapeHtml, fitText, px } from './html.ts';

export interface EndLabel {
  text: string;
  /** Where the label wants to stand. */
  y: number;
  className: string;
}

/** How many labels fit under each other. */
export function labelRoom(height: number, gap: number): number {
  return Math.max(1, Math.floor(height / gap) + 1);
}

/** Moves the positions apart to at least `gap`, as little as need be, inside [low, high]; keeps their order. */
export function spread(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] as number) - (wanted[b] as number) || a - b);
  // Labels that touch form a block, which stands where its members want to be on average.
  interface Block {
    members: number[];
    top: number;
  }
  const clamp = (top: number, size: number): number => Math.max(low, Math.min(high - (size - 1) * gap, top));
  const blocks: Block[] = [];
  for (const label of order) {
    let block: Block = { members: [label], top: clamp(wanted[label] as number, 1) };
    for (
      let above = blocks.at(-1);
      above && above.top + above.members.length * gap > block.top;
      above = blocks.at(-1)
    ) {
      blocks.pop();
      const members = [...above.members, ...block.members];
      const sum = members.reduce((total, member, i) => total + (wanted[member] as number) - i * gap, 0);
      block = { members, top: clamp(sum / members.length, members.length) };
    }
    blocks.push(block);
  }
  const placed = new Array<number>(wanted.length).fill(low);
  for (const { members, top } of blocks) {
    members.forEach((member, i) => {
      placed[member] = top + i * gap;
    });
  }
  return placed;
}

/**
 * Labels to the right of a plot, each near the end of its line and none over another; a thin line leads from the end
 * of the curve to a label that had to move.
 */
export function endLabels(
  labels: readonly EndLabel[],
  box: { x: number; top: number; bottom: number; room: number; fontSize: number; gap: number },
): string {
  const places = spread(
    labels.map((label) => label.y),
    box.gap,
    box.top,
    box.bottom,
  );
  const parts = labels.map((label, i) => {
    const y = places[i] as number;
    const moved = Math.abs(y - label.y) > 2;
    const start = box.x + (moved ? 16 : 8);
    const leader = moved
      ? `<path class="leader" d="M${px(box.x + 3)} ${px(label.y)}L${px(box.x + 13)} ${px(y)}"/>`
      : '';
    const shown = fitText(label.text, box.fontSize, box.room - (start - box.x));
    return `${leader}<text class="tag ${label.className}" x="${px(start)}" y="${px(y)}" dy=".34em">${escapeHtml(shown)}</text>`;
  });
  return parts.join('');
}
