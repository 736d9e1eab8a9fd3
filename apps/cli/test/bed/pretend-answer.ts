import { Readable } from "node:stream";

// Loaded by `node --import` before floe: standard input is a keyboard on which FLOE_TEST_ANSWER is typed.
const keyboard = Readable.from([`${process.env["FLOE_TEST_ANSWER"] ?? ""}\n`]);
Object.defineProperty(keyboard, "isTTY", { value: true });
Object.defineProperty(process, "stdin", { value: keyboard, configurable: true });
