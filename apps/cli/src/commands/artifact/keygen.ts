import { Flags } from "@oclif/core";
import { FloeCommand } from "../../floe-command.ts";
import { passwordFrom, writeKeyPair } from "../../write-key-pair.ts";

export default class Keygen extends FloeCommand {
  static override summary = "Make a key pair that floe and cosign read";
  static override description =
    "ECDSA P-256. The private key is encrypted with FLOE_KEY_PASSWORD or COSIGN_PASSWORD; without either, a terminal is asked for a password, and elsewhere it is the empty one. Nothing is ever overwritten.";
  static override aliases = ["artifact:generate-key-pair", "generate-key-pair"];
  static override examples = [
    "<%= config.bin %> artifact keygen",
    "FLOE_KEY_PASSWORD=… <%= config.bin %> artifact keygen --output-key-prefix keys/release",
  ];
  static override flags = {
    "output-key-prefix": Flags.string({
      default: "cosign",
      description: "Files to write: PREFIX.key and PREFIX.pub",
    }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Keygen);
    const prefix = flags["output-key-prefix"];
    const made = await writeKeyPair(prefix, async () => {
      const given = passwordFrom(process.env);
      if (given !== undefined || !process.stdin.isTTY) return given ?? "";
      const { askNewPassword } = await import("../../adapters/ask-new-password.ts");
      return await askNewPassword(`${prefix}.key`);
    });
    await this.result(
      {
        success: true,
        private_key: made.privateKey,
        public_key: made.publicKey,
        key_id: made.keyId,
      },
      () =>
        [
          `${made.privateKey}  private, keep it secret`,
          `${made.publicKey}  public, put it into the manifest`,
          `key id ${made.keyId}`,
        ].join("\n"),
    );
  }
}
