import { describe, expect, test } from "vitest";
import { baseline, judge } from "./judge.ts";

const usd = (monthly: unknown, more: object = {}) => ({ currency: "USD", monthly, ...more });

describe("a limit that is passed fails, and says by how much and why", () => {
  const items = [
    { name: "db", monthly: "80" },
    { name: "web", monthly: "20.10" },
  ];

  test.each<[string, Record<string, unknown>, object]>([
    [
      "max_monthly",
      { max_monthly: "100.09" },
      {
        code: "COST_MAX_MONTHLY",
        message:
          "it costs 100.10 USD a month, the limit is 100.09 (max_monthly). Largest: db 80.00, web 20.10",
        measured: 100.1,
        limit: 100.09,
        where: "cost-1.json",
      },
    ],
    [
      "max_increase",
      { max_increase: 10 },
      { code: "COST_INCREASE", measured: 10.1, limit: 10, message: /10.10 USD a month more/ },
    ],
    [
      "max_increase_percent",
      { max_increase_percent: "11%" },
      { code: "COST_INCREASE_PERCENT", measured: 11.2, limit: 11, message: /\(\+11.2 %\)/ },
    ],
    ["budget", { budget: { monthly: 100 } }, { code: "COST_BUDGET", limit: 100 }],
  ])("%s", async (_name, config, { message, ...reason }: { message?: string | RegExp }) => {
    const verdict = await judge([usd("100.10", { previous: "90", items })], { config });

    expect(verdict.status).toBe("failed");
    expect(verdict.reasons).toMatchObject([{ level: "fail", fix: expect.any(String), ...reason }]);
    if (message !== undefined) expect(verdict.reasons?.[0]?.message).toMatch(message);
  });

  test("and one that is just reached passes, to the last digit", async () => {
    const config = { max_increase: "0.3", max_monthly: "0.3", max_increase_percent: 200 };

    expect(await judge([usd("0.3", { previous: "0.1" })], { config })).toMatchObject({
      status: "passed",
      summary: "0.30 USD a month, 0.20 USD more than before, by the report (+200.0 %)",
    });
    expect(
      await judge([usd("0.3000000000000000000000000000000001")], {
        config: { max_monthly: "0.3" },
      }),
    ).toMatchObject({ status: "failed" });
  });

  test("a budget that is nearly used up warns", async () => {
    const config = { budget: { monthly: 125, warn_at: "80%" } };

    expect(await judge([usd(100)], { config })).toMatchObject({
      status: "warning",
      reasons: [{ code: "COST_BUDGET_NEAR", level: "warn", measured: 100, limit: 100 }],
    });
    expect((await judge([usd("99.99")], { config })).status).toBe("passed");
  });
});

describe("what runs in the target environment", () => {
  const config = { against: "target_env", max_increase_percent: 10 };
  const before = baseline({
    currency: "USD",
    monthly: "100",
    items: [{ name: "db", monthly: "60" }],
  });

  test("is what an increase is measured against", async () => {
    const report = usd("111", { previous: "111", items: [{ name: "db", monthly: "71" }] });

    expect(await judge([report], { config, baseline: before })).toMatchObject({
      status: "failed",
      summary:
        "it costs 11.00 USD a month more than v1.0.0 (+11.0 %), the limit is 10 % (max_increase_percent). Largest: db 11.00",
      reasons: [{ message: /Largest: db 11.00$/, measured: 11, limit: 10 }],
      metrics: { monthly: 111, previous: 100, change: 11 },
    });
  });

  test("is what this verdict becomes for the next promotion", async () => {
    const first = await judge([usd("100.123")], { config, baseline: null });
    const second = await judge([usd("100.124")], {
      config,
      baseline: baseline(first.details ?? {}),
    });

    expect(first).toMatchObject({ status: "warning", reasons: [{ code: "COST_NO_BASELINE" }] });
    expect(second).toMatchObject({ status: "passed", details: { change: "0.001" } });
  });

  test("was free: there is no percentage of nothing, which is said", async () => {
    const free = baseline({ currency: "USD", monthly: "0" });

    expect(await judge([usd("5")], { config, baseline: free })).toMatchObject({
      status: "warning",
      reasons: [{ code: "COST_NEW" }],
    });
  });

  test("cost something, and this costs nothing: it warns", async () => {
    expect(await judge([usd("0")], { config, baseline: before })).toMatchObject({
      status: "warning",
      summary: "0.00 USD a month, 100.00 USD less than v1.0.0 (-100.0 %)",
      reasons: [{ code: "COST_DROPPED_TO_ZERO" }],
    });
  });

  test.each<[string, ReturnType<typeof baseline>, RegExp]>([
    ["in another currency", baseline({ currency: "EUR", monthly: "1" }), /priced in EUR and this/],
    ["without a price", baseline({ currency: "USD" }), /v1.0.0.* does not say what it costs/],
    ["with a broken one", baseline({ currency: "USD", monthly: "NaN" }), /does not say what it/],
  ])("gives no verdict %s", async (_what, before, message) => {
    await expect(judge([usd("1")], { config, baseline: before })).rejects.toThrow(message);
  });
});

describe("several reports are added up", () => {
  test("without loss, and a copy counts once", async () => {
    const reports = [usd("0.1"), usd("0.2"), usd("0.1")];

    expect((await judge(reports)).details).toMatchObject({ monthly: "0.3" });
  });

  test("but not in different currencies", async () => {
    await expect(judge([usd("1"), { currency: "EUR", monthly: 1 }])).rejects.toThrow(
      /different currencies: USD and EUR/,
    );
    await expect(judge([usd("1"), { monthly: 1 }])).rejects.toThrow(/USD and a currency that/);
  });
});

describe("what has no price is not free", () => {
  const report = usd("5", { items: [{ name: "lambda", monthly: null }] });

  test("it warns, and fails above a limit", async () => {
    expect(await judge([report])).toMatchObject({
      status: "warning",
      reasons: [{ code: "COST_UNPRICED", level: "warn", message: /^1 resources .*\(lambda\)/ }],
      metrics: { unpriced_resources: 1 },
    });
    expect(await judge([report], { config: { max_unpriced_resources: 0 } })).toMatchObject({
      status: "failed",
      reasons: [{ code: "COST_UNPRICED", level: "fail", measured: 1, limit: 0 }],
    });
    expect(await judge([report], { config: { max_unpriced_resources: 1 } })).toMatchObject({
      status: "passed",
    });
  });
});

describe("no verdict is given", () => {
  test.each<[string, readonly unknown[], RegExp, Parameters<typeof judge>[1]?]>([
    ["without a report", [], /no report to judge by/],
    ["for a cost that is null", [usd(null)], /what it costs is not known/],
    ["for a cost that is no number", [usd("1,5")], /at \$.monthly: it is not an amount/],
    ["for NaN", ['{"currency":"USD","monthly":NaN}'], /line 1: it is not JSON/],
    ["for an amount without bounds", [usd("1e999999999")], /at \$.monthly: it is not an amount/],
    ["for a negative cost", [usd("-1")], /come to -1 a month: nothing costs less than 0/],
    ["for a misspelled key", [usd("1", { previuos: "1" })], /Unrecognized key/],
    ["for a key twice", ['{"monthly":900,"monthly":1}'], /the key "monthly" stands twice/],
    ["for another format", [{ version: "0.2" }], /it is of no format that is read \(infracost,/],
    [
      "for another currency",
      [usd("1")],
      /in USD, and currency is EUR/,
      { config: { currency: "EUR" } },
    ],
    [
      "for no currency",
      [{ monthly: 1 }],
      /does not name, and currency/,
      { config: { currency: "EUR" } },
    ],
    [
      "for an increase of which the report says nothing",
      [usd("1")],
      /^Error: max_increase cannot be judged: cost-1.json does not say/,
      { config: { max_increase: 1 } },
    ],
    ["beside a bad exit status", [usd("1")], /exit status 3/, { run: { exitCode: 3 } }],
    [
      "when the command ran out of time",
      [usd("1")],
      /time limit; what/,
      { run: { timedOut: true } },
    ],
  ])("%s", async (_why, reports, message, circumstances) => {
    await expect(judge(reports, circumstances).catch(String)).resolves.toMatch(message);
  });
});
