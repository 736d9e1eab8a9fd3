/** Thrown by a rule that lacks what it needs to judge: neither kept nor violated. */
export class CannotJudge extends Error {
  override readonly name = "CannotJudge";
}
