/** Why a gate could not judge. Caught by core, which turns it into the status `error`. */
export class GateError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "GateError";
    this.code = code;
  }
}
