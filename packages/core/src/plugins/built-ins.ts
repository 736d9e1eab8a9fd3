/**
 * Objects of the language that everything rests on. A plugin that changes one changes floe: a verdict could be read
 * otherwise than it was written.
 */
const WATCHED: readonly (readonly [string, object])[] = [
  ["Object.prototype", Object.prototype],
  ["Function.prototype", Function.prototype],
  ["Array.prototype", Array.prototype],
  ["String.prototype", String.prototype],
  ["Number.prototype", Number.prototype],
  ["Boolean.prototype", Boolean.prototype],
  ["RegExp.prototype", RegExp.prototype],
  ["Date.prototype", Date.prototype],
  ["Promise.prototype", Promise.prototype],
  ["Map.prototype", Map.prototype],
  ["Set.prototype", Set.prototype],
  ["Uint8Array.prototype", Uint8Array.prototype],
  ["Error.prototype", Error.prototype],
  ["Object", Object],
  ["Array", Array],
  ["Promise", Promise],
  ["Reflect", Reflect],
  ["JSON", JSON],
];

/** The built-in objects of the language at one moment. */
export interface BuiltIns {
  /**
   * Puts back what was changed since, and says what it was: `Object.prototype.polluted`. Members that were added to other
   * objects than `Object.prototype`, and cannot be enumerated, stay: that is how missing functions are supplied.
   */
  restore(): string[];
}

/** Notes how the built-in objects are, before code runs that is not floe's. This is a net, and no sandbox. */
export function noteBuiltIns(): BuiltIns {
  const before = WATCHED.map(
    ([name, object]) => [name, object, Object.getOwnPropertyDescriptors(object)] as const,
  );
  // The functions that look are taken now: whoever changes others changes these as well.
  const { defineProperty, deleteProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  return {
    restore() {
      const changed: string[] = [];
      for (const [name, object, members] of before) {
        for (const key of ownKeys(object)) {
          const now = getOwnPropertyDescriptor(object, key);
          const was = getOwnPropertyDescriptor(members, key)?.value as
            | PropertyDescriptor
            | undefined;
          if (was === undefined) {
            if (object !== Object.prototype && now?.enumerable !== true) continue;
            changed[changed.length] = `${name}.${String(key)}`;
            deleteProperty(object, key);
          } else if (now?.value !== was.value || now?.get !== was.get || now?.set !== was.set) {
            changed[changed.length] = `${name}.${String(key)}`;
            defineProperty(object, key, was);
          }
        }
        for (const key of ownKeys(members)) {
          if (getOwnPropertyDescriptor(object, key) !== undefined) continue;
          changed[changed.length] = `${name}.${String(key)}`;
          const was = getOwnPropertyDescriptor(members, key)?.value as PropertyDescriptor;
          defineProperty(object, key, was);
        }
      }
      return changed;
    },
  };
}
