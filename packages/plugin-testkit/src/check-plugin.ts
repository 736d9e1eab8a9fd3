import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type FloePlugin, PLUGIN_API_VERSION } from "@floe/core/plugin";

const GATE_ID = /^[a-z][a-z0-9_]{0,49}$/;
const PLUGIN_KEYS = ["apiVersion", "meta", "gates", "auditBackends"];

interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly type?: unknown;
  readonly floe?: {
    readonly apiVersion?: unknown;
    readonly gates?: unknown;
    readonly auditBackends?: unknown;
  };
}

/**
 * Checks the shape of a plugin as floe does when it loads one.
 *
 * @throws {AssertionError} naming the field.
 */
export function checkPluginShape(plugin: FloePlugin): void {
  assert.equal(plugin.apiVersion, PLUGIN_API_VERSION, "apiVersion");
  assert.deepEqual(
    Object.keys(plugin).filter((key) => !PLUGIN_KEYS.includes(key)),
    [],
    "the plugin has fields that are not in the contract",
  );
  assert.ok(isText(plugin.meta.name) && isText(plugin.meta.version), "meta needs name and version");
  for (const gate of plugin.gates ?? []) {
    assert.match(gate.id, GATE_ID, "the id of a gate");
    assert.notEqual(gate.id, "policy_compliance", "this id belongs to floe");
    assert.ok(isText(gate.summary), `gate ${gate.id} needs a summary`);
    assert.doesNotMatch(gate.summary, /\n/, `the summary of gate ${gate.id} must be one line`);
    assert.equal(
      gate.config["~standard"].version,
      1,
      `the config of gate ${gate.id} must be a Standard Schema v1`,
    );
    assert.equal(typeof gate.config["~standard"].validate, "function", `config of ${gate.id}`);
    assert.equal(typeof gate.create, "function", `gate ${gate.id} needs create()`);
  }
  for (const backend of plugin.auditBackends ?? []) {
    assert.match(backend.id, GATE_ID, "the id of an audit backend");
    assert.ok(!["oci", "database", "none"].includes(backend.id), `${backend.id} belongs to floe`);
    assert.ok(isText(backend.summary), `audit backend ${backend.id} needs a summary`);
    assert.doesNotMatch(backend.summary, /\n/, `the summary of ${backend.id} must be one line`);
    assert.equal(backend.config["~standard"].version, 1, `config of ${backend.id}`);
    assert.equal(
      typeof backend.config["~standard"].validate,
      "function",
      `config of ${backend.id}`,
    );
    assert.equal(typeof backend.open, "function", `audit backend ${backend.id} needs open()`);
  }
  const backends = (plugin.auditBackends ?? []).map((backend) => backend.id);
  assert.equal(new Set(backends).size, backends.length, "two audit backends have the same id");
  const ids = gateIds(plugin);
  assert.equal(new Set(ids).size, ids.length, "two gates of the plugin have the same id");
}

/**
 * Checks that package.json declares what the plugin exports: floe reads the one before it runs the other.
 *
 * @throws {AssertionError} naming the field.
 */
export async function checkDescriptor(plugin: FloePlugin, packageJson: URL): Promise<void> {
  const json = JSON.parse(await readFile(packageJson, "utf8")) as PackageJson;
  assert.equal(plugin.meta.name, json.name, "meta.name is not the name in package.json");
  assert.equal(
    plugin.meta.version,
    json.version,
    "meta.version is not the version in package.json",
  );
  assert.equal(json.type, "module", "the package must be an ES module");
  assert.ok(
    typeof json.floe === "object" && json.floe !== null,
    'package.json needs "floe": { apiVersion, gates, auditBackends }',
  );
  assert.equal(json.floe.apiVersion, plugin.apiVersion, "floe.apiVersion in package.json");
  assert.deepEqual(sorted(json.floe.gates), sorted(gateIds(plugin)), "floe.gates in package.json");
  assert.deepEqual(
    sorted(json.floe.auditBackends),
    sorted((plugin.auditBackends ?? []).map((backend) => backend.id)),
    "floe.auditBackends in package.json",
  );
}

function gateIds(plugin: FloePlugin): string[] {
  return (plugin.gates ?? []).map((gate) => gate.id);
}

function sorted(ids: unknown): unknown {
  return Array.isArray(ids) ? ids.map(String).sort() : (ids ?? []);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}
