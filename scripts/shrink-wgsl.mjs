/**
 * WGSL without comments, indentation and empty lines. The marks of regions, `// <name>` and `// </name>` alone on their
 * line, stay: the assembler finds regions by them. WGSL has no strings, so `//` starts a comment wherever it stands.
 * Block comments can nest and are rare: a file that has one stays as it is.
 * @param {string} wgsl
 * @returns {string}
 */
export function shrink(wgsl) {
  if (wgsl.includes('/*')) return wgsl;
  const lines = wgsl.split('\n').map((line) => {
    const text = line.trim();
    return /^\/\/ <\/?[\w-]+>$/.test(text) ? text : text.replace(/\s*\/\/.*$/, '');
  });
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}
