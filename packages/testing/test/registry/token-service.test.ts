import { expect, test } from "vitest";
import { startCloud, startRegistry } from "../../src/index.ts";

const auth = {
  kind: "bearer",
  username: "me",
  password: "word",
  refreshToken: "refresh",
  exchangedToken: "cloud",
} as const;

function form(fields: Readonly<Record<string, string>>): RequestInit {
  return { method: "POST", body: new URLSearchParams(fields) };
}

test("mounting wants a token for both repositories", async () => {
  await using registry = await startRegistry({ auth });
  const target = `${registry.url}/v2/acme/app/blobs/uploads/?mount=sha256:${"0".repeat(64)}&from=acme/source`;
  const tokenFor = async (...scopes: string[]) => {
    const query = new URLSearchParams(scopes.map((scope): [string, string] => ["scope", scope]));
    const headers = { authorization: `Basic ${btoa("me:word")}` };
    const answer = await fetch(`${registry.url}/token?${query.toString()}`, { headers });
    return ((await answer.json()) as { token: string }).token;
  };
  const mount = async (token: string) =>
    await fetch(target, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  const narrow = await mount(await tokenFor("repository:acme/app:pull,push"));
  expect(narrow.status).toBe(401);
  expect(narrow.headers.get("www-authenticate")).toContain(
    'scope="repository:acme/app:pull,push repository:acme/source:pull"',
  );
  const both = await tokenFor("repository:acme/app:pull,push", "repository:acme/source:pull");
  expect((await mount(both)).status).toBe(202);
});

test("a token of the cloud is exchanged for the refresh token, as Azure's registry does", async () => {
  await using registry = await startRegistry({ auth });
  const exchange = async (token: string) =>
    await fetch(
      `${registry.url}/oauth2/exchange`,
      form({ grant_type: "access_token", service: registry.host, access_token: token }),
    );
  expect(await (await exchange("cloud")).json()).toEqual({ refresh_token: "refresh" });
  expect((await exchange("another")).status).toBe(401);
});

test("a service without the oauth2 form takes the refresh token as a password", async () => {
  await using registry = await startRegistry({ auth: { ...auth, withoutPost: 405 } });
  const fields = { grant_type: "refresh_token", refresh_token: "refresh" };
  expect((await fetch(`${registry.url}/token`, form(fields))).status).toBe(405);
  const headers = { authorization: `Basic ${btoa("<token>:refresh")}` };
  expect((await fetch(`${registry.url}/token`, { headers })).status).toBe(200);
});

test("a cloud's stand-in answers what it was told, notes what it was asked, and else knows nothing", async () => {
  await using cloud = await startCloud();
  cloud.answer("/a", ({ form: fields }) => ({ status: 201, body: { got: fields.get("x") } }));
  const answer = await fetch(`${cloud.url}/a?q=1`, form({ x: "1" }));
  expect([answer.status, await answer.json()]).toEqual([201, { got: "1" }]);
  expect((await fetch(`${cloud.url}/b`)).status).toBe(404);
  expect(cloud.calls.map(({ method, path, query }) => [method, path, query.get("q")])).toEqual([
    ["POST", "/a", "1"],
    ["GET", "/b", null],
  ]);
});
