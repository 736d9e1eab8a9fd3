/** The values that placeholders in commands and report patterns stand for. */
export interface PlaceholderValues {
  readonly ARTIFACT_REF: string;
  readonly ARTIFACT_DIGEST: string;
  readonly ARTIFACT_TAG: string;
  readonly SOURCE_ENV: string;
  readonly TARGET_ENV: string;
  readonly FLOE_GATE_DIR: string;
  /** Path of the target environment's stored report; empty when there is none. */
  readonly BASELINE_REPORT: string;
}

/**
 * Replaces `${NAME}` inside one word. Values are inserted as they are and never split or interpreted again; an
 * unknown name stays, because the manifest's check has refused it before.
 */
export function fillPlaceholders(word: string, values: PlaceholderValues): string {
  return word.replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name as keyof PlaceholderValues] : whole,
  );
}
