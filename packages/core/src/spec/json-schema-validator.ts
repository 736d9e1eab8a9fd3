import { Ajv } from "ajv";
import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormatsModule from "ajv-formats";

// The package's types describe an ES module's default; under Node.js the CommonJS module itself arrives.
const addFormats = addFormatsModule as unknown as typeof addFormatsModule.default;

// Keywords of other tools are let pass; nothing is fetched from anywhere.
const OPTIONS = { allErrors: true, strict: false, validateFormats: true } as const;

/** Makes a validator of the draft that a schema names; without `$schema` it is 2020-12. */
export function ajvFor(schema: Readonly<Record<string, unknown>>): Ajv {
  const named = schema["$schema"];
  const draft = typeof named === "string" ? named : "";
  const ajv = /draft-0[67]/.test(draft)
    ? new Ajv(OPTIONS)
    : draft.includes("2019-09")
      ? new Ajv2019(OPTIONS)
      : new Ajv2020(OPTIONS);
  addFormats(ajv);
  return ajv;
}
