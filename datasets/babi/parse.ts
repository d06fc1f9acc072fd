/** A story: what is told, and what is asked in between. */
export interface Story {
  /** The words of each sentence. */
  readonly sentences: (readonly string[])[];
  readonly questions: Question[];
}

export interface Question {
  /** How many of the story's sentences come before it. */
  readonly after: number;
  readonly words: readonly string[];
  /** One word, or several with commas between them. */
  readonly answer: string;
}

/**
 * Reads a file of bAbI tasks: `1 Mary moved to the bathroom.` is a sentence, `3 Where is Mary? <tab>bathroom<tab>1` a question
 * with its answer and the lines that support it; a story begins at every line 1. Words are in lower case and without
 * punctuation.
 *
 * @param text the whole file
 * @param name what the error messages call it
 * @throws when a line is none of these or the file is cut short, with its number
 */
export function parseBabi(text: string, name: string): Story[] {
  const lines = text.split(/\r?\n/);
  const refuse = (i: number, what: string): never => {
    throw new Error(`${name}, line ${i + 1}: ${what}`);
  };
  if (text.length === 0) refuse(0, 'the file is empty, expected stories');
  if (lines.at(-1) !== '') refuse(lines.length - 1, `'${shown(lines.at(-1)!)}' ends without a line break: cut short`);
  lines.pop();
  const stories: Story[] = [];
  let last = 0;
  lines.forEach((line, i) => {
    const [, digits, rest] = /^(\d+) (.+)$/.exec(line) ?? refuse(i, `'${shown(line)}' does not begin with a number`);
    const number = Number(digits);
    if (number === 1) stories.push({ sentences: [], questions: [] });
    else if (number !== last + 1)
      refuse(i, `has number ${number}, expected ${last > 0 ? `${last + 1}, or 1 for a new story` : '1'}`);
    last = number;
    const { sentences, questions } = stories.at(-1)!;
    const parts = rest!.split('\t').map((s) => s.trim());
    if (parts.length === 1) {
      if (!parts[0]!.endsWith('.'))
        refuse(i, `'${shown(line)}' is no sentence, which ends in a full stop, and no question with its answer`);
      sentences.push(wordsOf(parts[0]!));
      return;
    }
    const [question, answer, supports] = parts as [string, string, string | undefined];
    if (parts.length !== 3 || !question.endsWith('?') || answer === '')
      refuse(i, `'${shown(line)}' is no question with an answer and its supporting lines, divided by tabs`);
    const bad = supports!.split(' ').find((s) => !(/^\d+$/.test(s) && Number(s) >= 1 && Number(s) < number));
    if (bad !== undefined) refuse(i, `supporting line is '${bad}', expected numbers of lines before ${number}`);
    if (sentences.length === 0) refuse(i, 'is a question before any sentence');
    questions.push({ after: sentences.length, words: wordsOf(question), answer: answer.toLowerCase() });
  });
  if (!lines.at(-1)!.includes('\t')) refuse(lines.length - 1, 'is the last one and no question: cut short');
  return stories;
}

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[^\s.?!,]+/g) ?? [];

const shown = (line: string): string => (line.length > 60 ? `${line.slice(0, 57)}...` : line);
