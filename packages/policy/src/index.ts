export { checkExpressions, parsePolicies } from "./bind-rules.ts";
export { type CompiledSubject, judgeCompiled } from "./judge-compiled.ts";
export { type Policies, type PolicyRule, policiesSchema } from "./policies-schema.ts";
export { createPolicyGate, type PolicyGateOptions } from "./policy-gate.ts";
