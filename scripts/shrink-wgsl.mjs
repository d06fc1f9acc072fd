/**
 * WGSL without comments, indentation, spaces around signs and most ends of lines. The marks of regions, `// <name>` and `// </name>` alone on their
 * line, stay, and so do lines of constants: the assembler finds both by them. What it puts in regions keeps its lines, so that a
 * compiler's message about a user's neuron shows one of them. WGSL has no strings, so `//` starts a comment wherever it stands.
 * Block comments can nest and are rare: a file that has one stays as it is.
 * @param {string} wgsl
 * @returns {string}
 */
export function shrink(wgsl) {
  if (wgsl.includes('/*')) return wgsl;
  const lines = wgsl.split('\n').map((line) => {
    const text = line.trim();
    if (/^\/\/ <\/?[\w-]+>$/.test(text)) return text;
    const code = text.replace(/\s*\/\/.*$/, '');
    // a constant is found by its spaces; two minus signs must not meet
    return /^const /.test(code) ? code : code.replace(/ ?([=+*/<>(){},:;&|!?%]|(?<!- *)-(?! *-)) ?/g, '$1');
  });
  const text = lines.filter((line) => line !== '').join('\n');
  return `${text.replace(/(?<=^(?!const |\/\/).*[{};,])\n(?!const |\/\/)/gm, '')}\n`;
}
