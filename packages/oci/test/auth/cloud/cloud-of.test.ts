import { expect, test } from "vitest";
import { cloudOf, ecrRegionOf } from "../../../src/auth/cloud/cloud-of.ts";

test.for([
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com", "aws"],
  ["123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "aws"],
  ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "aws"],
  ["123456789012.dkr-ecr.us-west-2.on.aws", "aws"],
  ["acme.azurecr.io", "azure"],
  ["acme.westeurope.data.azurecr.io", "azure"],
  ["acme.azurecr.cn", "azure"],
  ["gcr.io", "gcp"],
  ["eu.gcr.io", "gcp"],
  ["europe-docker.pkg.dev", "gcp"],
  ["public.ecr.aws", null],
  ["ghcr.io", null],
  ["evil-gcr.io", null],
  ["azurecr.io", null],
  ["acme.azurecr.io.evil.example", null],
  ["123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", null],
  ["evil.example/123456789012.dkr.ecr.eu-west-1.amazonaws.com", null],
  ["12345.dkr.ecr.eu-west-1.amazonaws.com", null],
] as const)("%s belongs to %s", ([host, cloud]) => {
  expect(cloudOf(host)).toBe(cloud);
});

test("the region is in the host name", () => {
  expect(ecrRegionOf("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com")).toBe(
    "us-gov-west-1",
  );
  expect(ecrRegionOf("acme.azurecr.io")).toBeNull();
});
