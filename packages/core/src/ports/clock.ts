/** Time and waiting, so that core never reads the system clock by itself. */
export interface Clock {
  now(): Date;
  sleep(milliseconds: number, options: { readonly signal: AbortSignal }): Promise<void>;
}
