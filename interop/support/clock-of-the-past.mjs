// Loaded into a process before it begins: its clock is behind by CLOCK_BEHIND_MS.
const behind = Number(process.env.CLOCK_BEHIND_MS);
const Now = Date;

globalThis.Date = class extends Now {
  constructor(...args) {
    if (args.length === 0) super(Now.now() - behind);
    else super(...args);
  }

  static now() {
    return Now.now() - behind;
  }
};
