/** Where a package is built from, as npm's `repository` says it. */
export interface Repository {
  /** `git+https://HOST/OWNER/NAME.git`. */
  readonly url: string;
  /** The package's folder in it. */
  readonly directory: string;
}

/**
 * The text of a package.json with `repository`, after the homepage.
 * @throws {Error} the URL has another form
 */
export function withRepository(text: string, { url, directory }: Repository): string {
  if (!/^git\+https:\/\/[\w.-]+(?:\/[\w.-]+){2,}\.git$/.test(url))
    throw new Error(`${url === "" ? "(nothing)" : url} is no git+https://HOST/OWNER/NAME.git`);
  const { repository: _, ...rest } = JSON.parse(text) as Record<string, unknown>;
  const named = Object.entries(rest).flatMap((entry) =>
    entry[0] === "homepage"
      ? [entry, ["repository", { type: "git", url, directory }] as const]
      : [entry],
  );
  return `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`;
}
