const WATCHED: readonly (readonly [string, object])[] = [
  ["Object.prototype", Object.prototype],
  ["Array.prototype", Array.prototype],
  ["String.prototype", String.prototype],
  ["Function.prototype", Function.prototype],
  ["Promise.prototype", Promise.prototype],
  ["Object", Object],
  ["Array", Array],
  ["Promise", Promise],
  ["JSON", JSON],
];

/**
 * Notes the members of objects that everything rests on. `restore` puts them back, and names what was changed; members that
 * were added, and cannot be enumerated, are allowed but on `Object.prototype`, as floe allows them.
 */
export function notePrototypes(): { restore(): string[] } {
  const before = WATCHED.map(
    ([name, object]) => [name, object, Object.getOwnPropertyDescriptors(object)] as const,
  );
  return {
    restore() {
      const changed: string[] = [];
      for (const [name, object, members] of before) {
        const was = members as Readonly<Record<PropertyKey, PropertyDescriptor>>;
        for (const key of new Set([...Reflect.ownKeys(object), ...Reflect.ownKeys(members)])) {
          const now = Reflect.getOwnPropertyDescriptor(object, key);
          const then = Object.hasOwn(members, key) ? was[key] : undefined;
          if (now?.value === then?.value && now?.get === then?.get && now && then) continue;
          if (!then && object !== Object.prototype && now?.enumerable !== true) continue;
          changed.push(`${name}.${String(key)}`);
          if (then) Reflect.defineProperty(object, key, then);
          else Reflect.deleteProperty(object, key);
        }
      }
      return changed;
    },
  };
}
