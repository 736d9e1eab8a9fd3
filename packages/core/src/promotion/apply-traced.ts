import { inSpan } from "../telemetry/index.ts";
import { applyOperation } from "./apply-operation.ts";

/** {@link applyOperation} as a span. */
export const applyTraced: typeof applyOperation = async (
  plan,
  operator,
  ledger,
  context,
  options,
) =>
  await inSpan(
    context,
    "apply",
    {},
    async () => await applyOperation(plan, operator, ledger, context, options),
  );
