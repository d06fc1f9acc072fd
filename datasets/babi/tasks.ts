/** The names of the twenty tasks as the publisher's files have them; task k is `TASKS[k - 1]`. */
export const TASKS = [
  'single-supporting-fact',
  'two-supporting-facts',
  'three-supporting-facts',
  'two-arg-relations',
  'three-arg-relations',
  'yes-no-questions',
  'counting',
  'lists-sets',
  'simple-negation',
  'indefinite-knowledge',
  'basic-coreference',
  'conjunction',
  'compound-coreference',
  'time-reasoning',
  'basic-deduction',
  'basic-induction',
  'positional-reasoning',
  'size-reasoning',
  'path-finding',
  'agents-motivations',
] as const;

/** @throws unless they are numbers of tasks, each once, at least one */
export function checkTasks(tasks: readonly number[]): readonly number[] {
  const bad = tasks.find((k) => !(Number.isInteger(k) && k >= 1 && k <= TASKS.length));
  if (bad !== undefined) throw new Error(`bAbI: task is ${bad}, expected a whole number in 1..${TASKS.length}`);
  if (tasks.length === 0) throw new Error('bAbI: tasks is empty, expected at least one number');
  const twice = tasks.find((k, i) => tasks.indexOf(k) !== i);
  if (twice !== undefined) throw new Error(`bAbI: tasks names task ${twice} twice`);
  return tasks;
}
