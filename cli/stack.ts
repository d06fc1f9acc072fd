import { SourceMapConsumer } from 'source-map-js';

/**
 * Replaces positions in the bundle by positions in the script's sources, in stacks and in whatever else is printed.
 *
 * @param addresses how the bundle is called in stacks: a URL, a path
 * @param map the bundle's source map as JSON
 */
export function stackMapper(addresses: readonly string[], map: string): (text: string) => string {
  const escaped = addresses.map((address) => address.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const position = new RegExp(`(?:${escaped.join('|')}):(\\d+):(\\d+)`, 'g');
  // Parsed at the first need: most runs end without a stack.
  let consumer: SourceMapConsumer | undefined;
  return (text) =>
    text.replace(position, (whole, line: string, column: string) => {
      consumer ??= new SourceMapConsumer(JSON.parse(map));
      const found = consumer.originalPositionFor({ line: Number(line), column: Number(column) - 1 });
      return found.source === null ? whole : `${found.source}:${found.line}:${found.column + 1}`;
    });
}
