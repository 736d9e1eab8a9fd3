import { startPostgres } from "@floe/testing";
import type { TestProject } from "vitest/node";

/** The PostgreSQL cluster of a test run. */
export interface SharedCluster {
  /** URL of the superuser. */
  readonly url: string;
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socket: string;
  readonly certificate: string;
  /** Path of `psql`. */
  readonly psql: string;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly postgres: SharedCluster;
  }
}

/** Starts the cluster that all files of the run share, and ends it. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startPostgres();
  const { url, port, socket, certificate } = cluster;
  project.provide("postgres", { url, port, socket, certificate, psql: cluster.program("psql") });
  return async () => await cluster[Symbol.asyncDispose]();
}
