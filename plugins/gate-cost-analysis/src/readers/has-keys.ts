/** Whether a value is an object with all of these keys. */
export function hasKeys(value: unknown, ...keys: readonly string[]): boolean {
  return (
    typeof value === "object" && value !== null && keys.every((key) => Object.hasOwn(value, key))
  );
}
