import assert from "node:assert/strict";
import { test } from "node:test";
import { app } from "./artifact.mjs";

test("the service has a name", () => assert.match(app.service, /^[a-z-]+$/));
test("at least one replica runs", () => assert.ok(app.replicas >= 1));
