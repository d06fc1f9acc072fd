const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  // Control characters that HTML and SVG text may not hold are dropped.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to drop
  const printable = String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '');
  return printable.replace(/[&<>"']/g, (char) => entities[char] as string);
}

/** JSON for the inside of a script element; nothing in it can end the element or open a comment. */
export function embedJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}

/** A coordinate, to a tenth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** About how wide a text comes out in the page's font. */
export function textWidth(text: string, fontSize: number): number {
  let width = 0;
  // Letters beyond Latin, Greek and Cyrillic are mostly full-width ones.
  for (const char of text) width += (char.codePointAt(0) as number) > 0x10ff ? 1 : 0.56;
  return width * fontSize;
}

/** The text, cut with an ellipsis where it would be wider than the room. */
export function fitText(text: string, fontSize: number, room: number): string {
  if (textWidth(text, fontSize) <= room) return text;
  const chars = [...text];
  while (chars.length > 1 && textWidth(`${chars.join('')}…`, fontSize) > room) chars.pop();
  return `${chars.join('')}…`;
}
