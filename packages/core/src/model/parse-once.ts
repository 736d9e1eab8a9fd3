/**
 * Parameters for zod schemas that a process uses a few times at most: without them zod writes and compiles a function
 * for every object first, which takes longer than it saves.
 */
export const PARSE_ONCE = { jitless: true } as const;
