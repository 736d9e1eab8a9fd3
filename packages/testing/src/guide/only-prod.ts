/**
 * Commands that make a project with one environment, `prod`, in the folder where they run: keys and files are those of
 * `floe init`, `v1.2.3`, a container image, is pushed and signed, and whoever has `keys/release.key` promotes.
 * @param options.uri - the registry. Default: the embedded folder
 * @param options.prod - more keys of the environment, as YAML in flow style
 */
export function onlyProd(options: { readonly uri?: string; readonly prod?: string } = {}): string {
  const { uri = "oci-layout:./.floe/registry", prod } = options;
  return `floe init
cat > manifest.yaml <<'YAML'
apiVersion: floe.dev/v1
kind: Manifest
metadata: { name: acme }
identities: { release: { key: keys/release.pub } }
groups: { sre: [release] }
artifacts:
  registry: { uri: "${uri}" }
  signing: { mode: key-based, private_key_ref: keys/artifact.key }
  verification: { enforcement: enforce, public_key_ref: keys/artifact.pub }
  promotion:
    operator: { key_ref: keys/release.key }
    environments:
      - { name: prod, gates: { policy_compliance: true }${prod === undefined ? "" : `, ${prod}`} }
YAML
echo '{ "architecture": "amd64", "os": "linux" }' > config.json
floe artifact push v1.2.3 app.json --config config.json:application/vnd.oci.image.config.v1+json
floe artifact sign v1.2.3
`;
}
