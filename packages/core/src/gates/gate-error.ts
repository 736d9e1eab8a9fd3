/** Why a gate could not judge. Caught by core, which turns it into the status `error`. */
export class GateError extends Error {
  readonly code: string;
  /** What to do, where that is known. */
  readonly fix: string | undefined;

  constructor(code: string, message: string, options?: ErrorOptions & { readonly fix?: string }) {
    super(message, options);
    this.name = "GateError";
    this.code = code;
    this.fix = options?.fix;
  }
}
