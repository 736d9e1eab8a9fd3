import { FloeError, isFloeError } from "@floe/core/errors";
import { saysImmutable } from "./answer-error.ts";

/** Gives a registry's refusal to delete its code; whatever else went wrong stays as it is. */
export function refuseDeletion(what: string, error: unknown): unknown {
  if (!isFloeError(error)) return error;
  if (saysImmutable(error)) {
    return new FloeError({
      code: "FLOE_TAG_IMMUTABLE",
      message: `the registry does not let ${what} be deleted: ${error.message}`,
      hint: "A rule of the registry keeps its tags; it has to be changed there.",
      cause: error,
    });
  }
  if (!saysUnsupported(error)) return error;
  return new FloeError({
    code: "FLOE_REGISTRY_UNSUPPORTED",
    message: `the registry does not let ${what} be deleted: ${error.message}`,
    hint: "Many registries delete only when that is turned on in their configuration, or only with their own tools.",
    details: { retryable: false },
    cause: error,
  });
}

/** docker-registry takes a tag for a digest that is not valid when it is asked to delete one. */
const UNSUPPORTED: readonly unknown[] = ["UNSUPPORTED", "DIGEST_INVALID", "METHOD_UNKNOWN"];

function saysUnsupported({ details }: FloeError): boolean {
  const status = details?.["status"];
  return status === 405 || status === 501 || UNSUPPORTED.includes(details?.["registry_code"]);
}
